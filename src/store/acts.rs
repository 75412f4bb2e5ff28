//! The audit log: appended to, never changed.

use super::runs::{from_json, json, text};
use super::{Store, StoreError, count, moment, number};
use crate::audit::{Act, Record};
use sqlx::{Row as _, any::AnyRow};

impl Store {
    /// Appends what was done to the audit log.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_act(&self, act: Act) -> Result<Record, StoreError> {
        let now = moment(self.now())?;
        let mut write = self.begin_write().await?;
        let last = sqlx::query("SELECT * FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *write)
            .await?;
        let last = last.as_ref().map(record).transpose()?;
        let new = Record::after(last.as_ref(), act, now);
        sqlx::query(
            "INSERT INTO audit (seq, at, who, act, object, detail, previous, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(number(new.seq))
        .bind(new.at.as_millisecond())
        .bind(&new.act.who)
        .bind(&new.act.act)
        .bind(&new.act.object)
        .bind(json(&new.act.detail)?)
        .bind(new.previous.as_str())
        .bind(new.hash.as_str())
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(new)
    }

    /// The audit log from record `from` on, in order, at most `most` records.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn acts(&self, from: u64, most: u32) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2")
            .bind(number(from))
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }
}

fn record(row: &AnyRow) -> Result<Record, StoreError> {
    Ok(Record {
        seq: count(row.try_get("seq")?),
        at: moment(row.try_get("at")?)?,
        act: Act {
            who: row.try_get("who")?,
            act: row.try_get("act")?,
            object: row.try_get("object")?,
            detail: from_json(row.try_get("detail")?, "an act")?,
        },
        previous: text(row, "previous", "a hash")?,
        hash: text(row, "hash", "a hash")?,
    })
}
