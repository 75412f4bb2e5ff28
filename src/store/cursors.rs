//! How much of each stage's log has been shipped.

use super::column::{from_json, json, text};
use super::log_parts::part;
use super::{Lease, Store, StoreError, count, moment, number};
use crate::ids::{LogPart, RunId, StageName};
use jiff::Timestamp;
use sqlx::Row as _;
use std::collections::BTreeMap;

/// How much of one stage's log has been shipped. Every line before `next_seq` is accounted for: sent or rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogCursor {
    /// Which stage's log.
    pub stage: StageName,
    /// Which part of it.
    pub part: LogPart,
    /// Byte in the log file at which line `next_seq` begins.
    pub position: u64,
    /// The first line not accounted for.
    pub next_seq: u64,
    /// A put of the lines up to and with this one was begun at that moment, and its end is not known.
    pub intent: Option<(u64, Timestamp)>,
    /// Lines that arrived.
    pub sent: u64,
    /// Lines that will never arrive, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// Lines that were put again after an answer was lost, and may have arrived twice: their group cannot be read.
    pub perhaps_twice: u64,
}

impl LogCursor {
    /// A log of which nothing has been shipped.
    #[must_use]
    pub fn start(stage: StageName, part: LogPart) -> Self {
        let next_seq = part.before_first_line() + 1;
        let (position, intent, sent, rejected, perhaps_twice) = Default::default();
        Self { stage, part, position, next_seq, intent, sent, rejected, perhaps_twice }
    }
}

impl Store {
    /// The cursors of a run's logs.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn log_cursors(&self, run: &RunId) -> Result<Vec<LogCursor>, StoreError> {
        let rows = sqlx::query("SELECT * FROM log_cursors WHERE run = $1 ORDER BY stage, part")
            .bind(run.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                let through: Option<i64> = row.try_get("intent_through")?;
                let since: Option<i64> = row.try_get("intent_at")?;
                Ok(LogCursor {
                    stage: text(row, "stage", "a stage name")?,
                    part: part(row)?,
                    position: count(row.try_get("position")?),
                    next_seq: count(row.try_get("next_seq")?),
                    intent: match through.zip(since) {
                        Some((through, at)) => Some((count(through), moment(at)?)),
                        None => None,
                    },
                    sent: count(row.try_get("sent")?),
                    rejected: from_json(row.try_get("rejected")?, "rejected lines")?,
                    perhaps_twice: count(row.try_get("perhaps_twice")?),
                })
            })
            .collect()
    }

    /// Keeps a cursor.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn keep_log_cursor(
        &self,
        lease: &Lease,
        cursor: &LogCursor,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_leased(lease).await?;
        sqlx::query(
            "INSERT INTO log_cursors (run, stage, position, next_seq, intent_through, intent_at,
             sent, rejected, part, perhaps_twice) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (run, stage, part) DO UPDATE SET position = $3, next_seq = $4,
             intent_through = $5, intent_at = $6, sent = $7, rejected = $8, perhaps_twice = $10",
        )
        .bind(lease.run.as_str())
        .bind(cursor.stage.as_str())
        .bind(number(cursor.position))
        .bind(number(cursor.next_seq))
        .bind(cursor.intent.map(|(through, _)| number(through)))
        .bind(cursor.intent.map(|(_, at)| at.as_millisecond()))
        .bind(number(cursor.sent))
        .bind(json(&cursor.rejected)?)
        .bind(i64::from(cursor.part.0))
        .bind(number(cursor.perhaps_twice))
        .execute(&mut *write)
        .await?;
        Ok(write.commit().await?)
    }
}
