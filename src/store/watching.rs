//! What `agent watch` has seen and done: one row for each execution that ended, one watcher for each environment.
//!
//! A row is written before anything is done about its execution, and again after each effect. Every write names the
//! watcher's fence and makes its lease last on, so a watcher that hung and was replaced changes nothing any more.

use super::column::{from_json, json};
use super::{Store, StoreError, milliseconds, moment};
use crate::ids::EnvName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{Row as _, any::AnyRow};
use std::collections::BTreeSet;

/// The right to act on what happens in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchLease {
    /// The environment.
    pub environment: EnvName,
    fence: i64,
}

/// How far the answer to one execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// It is known what to do; nothing is done yet.
    Intended,
    /// The data to train on is in its place.
    Supplied,
    /// The training is started.
    Started,
    /// All is done.
    Done,
}

/// One execution, judged, and what is done about it.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchedExecution {
    /// Its ARN.
    pub execution: String,
    /// When it began; a rehearsal that was reset gives the same ARNs again.
    pub began: Timestamp,
    /// What it came to, in a word.
    pub verdict: String,
    /// What the verdict rests on; no row of the data.
    pub evidence: Value,
    /// What is to be done about it.
    pub answer: Value,
    /// How much of that is done.
    pub progress: Progress,
    /// The training that was started, by ARN.
    pub training: Option<String>,
    /// When people were told.
    pub told: Option<Timestamp>,
}

impl Store {
    /// Leases the watch over an environment. A lease that has ended, or whose process is gone, is taken over.
    ///
    /// # Errors
    /// [`StoreError::Watched`] if a living process has it, or if the database fails.
    pub async fn acquire_watch(&self, environment: &EnvName) -> Result<WatchLease, StoreError> {
        let mut write = self.begin_write().await?;
        let row =
            sqlx::query("SELECT fence, owner, expires_at FROM watch_leases WHERE environment = $1")
                .bind(environment.as_str())
                .fetch_optional(&mut *write)
                .await?;
        let now = self.common_now(&mut write).await?;
        let mut fence = 1;
        if let Some(row) = row {
            fence = row.try_get::<i64, _>("fence")? + 1;
            let until = row.try_get("expires_at")?;
            if let Some(owner) = self.living_owner(row.try_get("owner")?, until, now)? {
                let (environment, owner) = (environment.clone(), Box::new(owner));
                return Err(StoreError::Watched { environment, owner });
            }
        }
        sqlx::query(
            "INSERT INTO watch_leases (environment, fence, owner, expires_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (environment) DO UPDATE SET fence = $2, owner = $3, expires_at = $4",
        )
        .bind(environment.as_str())
        .bind(fence)
        .bind(json(&self.owner)?)
        .bind(now + milliseconds(self.lease_duration))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(WatchLease { environment: environment.clone(), fence })
    }

    /// Gives the watch back. One that was lost is left to its new owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_watch(&self, lease: &WatchLease) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE watch_leases SET owner = NULL, expires_at = 0
             WHERE environment = $1 AND fence = $2",
        )
        .bind(lease.environment.as_str())
        .bind(lease.fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// From when on executions have to be looked at, if any was looked at before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn watched_since(
        &self,
        environment: &EnvName,
    ) -> Result<Option<Timestamp>, StoreError> {
        let since: Option<Option<i64>> =
            sqlx::query_scalar("SELECT since FROM watch_leases WHERE environment = $1")
                .bind(environment.as_str())
                .fetch_optional(&self.pool)
                .await?;
        since.flatten().map(moment).transpose()
    }

    /// Notes that every execution that began before `since` has been answered.
    ///
    /// # Errors
    /// [`StoreError::WatchLost`] if another process watches by now, or if the database fails.
    pub async fn watch_since(
        &self,
        lease: &WatchLease,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let noted = sqlx::query(
            "UPDATE watch_leases SET since = $3, expires_at = $4
             WHERE environment = $1 AND fence = $2",
        )
        .bind(lease.environment.as_str())
        .bind(lease.fence)
        .bind(since.as_millisecond())
        .bind(now + milliseconds(self.lease_duration))
        .execute(&mut *connection)
        .await?;
        lease.expect_one(noted.rows_affected())
    }

    /// Keeps what is known of an execution; the same execution again replaces it.
    ///
    /// # Errors
    /// [`StoreError::WatchLost`] if another process watches by now, or if the database fails.
    pub async fn keep_watched(
        &self,
        lease: &WatchLease,
        watched: &WatchedExecution,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        let now = self.common_now(&mut write).await?;
        let held = sqlx::query(
            "UPDATE watch_leases SET expires_at = $3 WHERE environment = $1 AND fence = $2",
        )
        .bind(lease.environment.as_str())
        .bind(lease.fence)
        .bind(now + milliseconds(self.lease_duration))
        .execute(&mut *write)
        .await?;
        lease.expect_one(held.rows_affected())?;
        sqlx::query(
            "INSERT INTO watched (environment, execution, began_at, verdict, evidence, answer,
             progress, training, told_at, noted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (environment, execution, began_at) DO UPDATE SET verdict = $4,
             evidence = $5, answer = $6, progress = $7, training = $8, told_at = $9",
        )
        .bind(lease.environment.as_str())
        .bind(&watched.execution)
        .bind(watched.began.as_millisecond())
        .bind(&watched.verdict)
        .bind(json(&watched.evidence)?)
        .bind(json(&watched.answer)?)
        .bind(progress_text(watched.progress))
        .bind(&watched.training)
        .bind(watched.told.map(Timestamp::as_millisecond))
        .bind(self.now())
        .execute(&mut *write)
        .await?;
        Ok(write.commit().await?)
    }

    /// Which executions that began at or after `since` were judged, by ARN and beginning.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn watched_executions(
        &self,
        environment: &EnvName,
        since: Timestamp,
    ) -> Result<BTreeSet<(String, Timestamp)>, StoreError> {
        let rows = sqlx::query(
            "SELECT execution, began_at FROM watched WHERE environment = $1 AND began_at >= $2",
        )
        .bind(environment.as_str())
        .bind(since.as_millisecond())
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("execution")?, moment(row.try_get("began_at")?)?)))
            .collect()
    }

    /// Executions whose answer was begun and is not done, oldest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn half_answered(
        &self,
        environment: &EnvName,
        most: u32,
    ) -> Result<Vec<WatchedExecution>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM watched WHERE environment = $1 AND progress <> 'done'
             ORDER BY began_at, execution LIMIT $2",
        )
        .bind(environment.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// The last execution that was judged of those that began before `moment`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn watched_before(
        &self,
        environment: &EnvName,
        moment: Timestamp,
    ) -> Result<Option<WatchedExecution>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM watched WHERE environment = $1 AND began_at < $2
             ORDER BY began_at DESC, execution LIMIT 1",
        )
        .bind(environment.as_str())
        .bind(moment.as_millisecond())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(record).transpose()
    }

    /// The execution that the training with this ARN answered, if one was started by a watcher that is kept here.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn watched_with_training(
        &self,
        training: &str,
    ) -> Result<Option<WatchedExecution>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM watched WHERE training = $1 ORDER BY began_at DESC LIMIT 1")
                .bind(training)
                .fetch_optional(&self.pool)
                .await?;
        row.as_ref().map(record).transpose()
    }
}

impl WatchLease {
    fn expect_one(&self, rows: u64) -> Result<(), StoreError> {
        if rows == 1 { Ok(()) } else { Err(StoreError::WatchLost(self.environment.clone())) }
    }
}

fn progress_text(progress: Progress) -> &'static str {
    match progress {
        Progress::Intended => "intended",
        Progress::Supplied => "supplied",
        Progress::Started => "started",
        Progress::Done => "done",
    }
}

fn record(row: &AnyRow) -> Result<WatchedExecution, StoreError> {
    let progress: &str = row.try_get("progress")?;
    let known = [Progress::Intended, Progress::Supplied, Progress::Started, Progress::Done];
    let progress = known
        .into_iter()
        .find(|known| progress_text(*known) == progress)
        .ok_or_else(|| StoreError::corrupt("the progress of an answer", progress))?;
    Ok(WatchedExecution {
        execution: row.try_get("execution")?,
        began: moment(row.try_get("began_at")?)?,
        verdict: row.try_get("verdict")?,
        evidence: from_json(row.try_get("evidence")?, "evidence")?,
        answer: from_json(row.try_get("answer")?, "an answer")?,
        progress,
        training: row.try_get("training")?,
        told: row.try_get::<Option<i64>, _>("told_at")?.map(moment).transpose()?,
    })
}
