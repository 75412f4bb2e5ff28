//! The events of a run, numbered without gaps.

use super::column::{from_json, json};
use super::{Lease, Store, StoreError, count, moment, number};
use crate::flow::Event;
use crate::ids::RunId;
use jiff::Timestamp;
use sqlx::Row as _;

/// An event with its place and time.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StoredEvent {
    /// Place in the run, from 1.
    pub seq: u64,
    /// When it was stored.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Store {
    /// Every event of a run, in order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn events(&self, run: &RunId) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = sqlx::query("SELECT seq, at, event FROM events WHERE run = $1 ORDER BY seq")
            .bind(run.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredEvent {
                    seq: count(row.try_get("seq")?),
                    at: moment(row.try_get("at")?)?,
                    event: from_json(row.try_get("event")?, "an event")?,
                })
            })
            .collect()
    }

    /// Adds events after the `known` first ones: all or none. `RunFinished` also closes the run and leaves its
    /// environment to the next.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn append(
        &self,
        lease: &Lease,
        known: u64,
        events: &[Event],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let now = self.now();
        let mut stored = Vec::with_capacity(events.len());
        let mut write = self.begin_leased(lease).await?;
        for (seq, event) in (known + 1..).zip(events) {
            let inserted = sqlx::query(
                "INSERT INTO events (run, seq, at, event) VALUES ($1, $2, $3, $4)
                 ON CONFLICT DO NOTHING",
            )
            .bind(lease.run.as_str())
            .bind(number(seq))
            .bind(now)
            .bind(json(event)?)
            .execute(&mut *write)
            .await?;
            // A place that is taken means that someone else has written: the lease is lost as well.
            lease.expect_one(inserted.rows_affected())?;
            if let Event::StageStarted { .. } = event {
                sqlx::query("UPDATE runs SET standing = 'begun' WHERE id = $1")
                    .bind(lease.run.as_str())
                    .execute(&mut *write)
                    .await?;
            }
            if let Event::RunFinished { outcome } = event {
                sqlx::query("UPDATE runs SET outcome = $2 WHERE id = $1")
                    .bind(lease.run.as_str())
                    .bind(json(outcome)?)
                    .execute(&mut *write)
                    .await?;
                sqlx::query("DELETE FROM lanes WHERE run = $1")
                    .bind(lease.run.as_str())
                    .execute(&mut *write)
                    .await?;
            }
            stored.push(StoredEvent { seq, at: moment(now)?, event: event.clone() });
        }
        write.commit().await?;
        Ok(stored)
    }
}
