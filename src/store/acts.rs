//! The audit log: appended to, never changed.

use super::column::{from_json, json, text};
use super::{Store, StoreError, count, moment, number};
use crate::audit::{Act, Broken, Check, Record};
use sqlx::{Row as _, any::AnyRow};

/// Records read at once while the whole log is checked.
const PAGE: u32 = 500;

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

    /// The newest records, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_acts(&self, most: u32) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query("SELECT * FROM audit ORDER BY seq DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }

    /// Computes the whole chain anew. Answers the last record, or the place at which the log was tampered with.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn check_acts(
        &self,
        mut check: Check,
    ) -> Result<Result<Option<Record>, Broken>, StoreError> {
        loop {
            let rows = sqlx::query("SELECT * FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2")
                // From before the first: a record that was put there is none of the chain.
                .bind(if check.next() == 1 { i64::MIN } else { number(check.next()) })
                .bind(i64::from(PAGE))
                .fetch_all(&self.pool)
                .await?;
            if rows.is_empty() {
                return Ok(check.end());
            }
            for row in &rows {
                let seq = check.next();
                let checked = record(row).map_err(|_| Broken::Unreadable { seq });
                if let Err(broken) = checked.and_then(|record| check.record(record)) {
                    return Ok(Err(broken));
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;
    use serde_json::json;
    use std::sync::Arc;

    async fn with_acts(number: u64) -> (tempfile::TempDir, Store) {
        let folder = tempfile::TempDir::new().unwrap();
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let store = Store::open(&folder.path().join("store.db"), Arc::new(clock)).await.unwrap();
        for act in 0..number {
            let detail = json!({ "number": act, "share": 0.1, "text": "é \u{1f980} \"q\"" });
            let act =
                Act { who: "ada (api)".into(), act: "lock".into(), object: "prod".into(), detail };
            store.keep_act(act).await.unwrap();
        }
        (folder, store)
    }

    #[tokio::test]
    async fn a_log_of_several_pages_holds_and_tells_its_head() {
        let (_folder, store) = with_acts(u64::from(PAGE) + 3).await;
        let head = store.check_acts(Check::default()).await.unwrap().unwrap().unwrap();
        assert_eq!(head.seq, u64::from(PAGE) + 3);
        assert_eq!(store.newest_acts(1).await.unwrap(), [head]);
    }

    #[tokio::test]
    async fn whatever_is_done_to_the_table_is_found_and_named() {
        for (statement, broken) in [
            ("UPDATE audit SET who = 'eve' WHERE seq = 3", Broken::Record { seq: 3 }),
            ("UPDATE audit SET at = at + 1 WHERE seq = 1", Broken::Record { seq: 1 }),
            ("UPDATE audit SET detail = '{' WHERE seq = 4", Broken::Unreadable { seq: 4 }),
            ("UPDATE audit SET hash = 'x' WHERE seq = 2", Broken::Unreadable { seq: 2 }),
            ("DELETE FROM audit WHERE seq = 2", Broken::Record { seq: 2 }),
            ("UPDATE audit SET seq = 9 WHERE seq = 2", Broken::Record { seq: 2 }),
            (
                "UPDATE audit SET object = (SELECT 'dev') WHERE seq IN (2, 5)",
                Broken::Record { seq: 2 },
            ),
            (
                "INSERT INTO audit SELECT -1, at, who, act, object, detail, previous, hash FROM audit WHERE seq = 1",
                Broken::Record { seq: 1 },
            ),
        ] {
            let (_folder, store) = with_acts(5).await;
            let head = store.newest_acts(1).await.unwrap().remove(0).hash;
            sqlx::query(statement).execute(&store.pool).await.unwrap();
            let found = store.check_acts(Check::expecting(head)).await.unwrap();
            assert_eq!(found, Err(broken), "{statement}");
        }
        let (_folder, store) = with_acts(5).await;
        let head = store.newest_acts(1).await.unwrap().remove(0).hash;
        sqlx::query("DELETE FROM audit WHERE seq > 3").execute(&store.pool).await.unwrap();
        let found = store.check_acts(Check::expecting(head.clone())).await.unwrap();
        assert_eq!(found, Err(Broken::Cut(head)));
    }
}
