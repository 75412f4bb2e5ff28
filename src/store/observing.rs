//! What the agent measures of itself, counted from rows: true after a restart, and for all agents of one store.

use super::column::text;
use super::runs::{RunRecord, record};
use super::{Delivery, Store, StoreError, count, milliseconds, moment};
use crate::ids::{EnvName, RunId};
use crate::intake::Verdict;
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};
use std::time::Duration;

/// Environments that are told apart; beyond that the smallest are left out.
const MOST_ENVIRONMENTS: i64 = 64;

/// Counts of what is in the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Deliveries by what became of them: `run`, `answered`, `ignored`, `refused`, `unjudged`.
    pub deliveries: Vec<(String, u64)>,
    /// Runs by outcome: `succeeded`, `failed`, `gate-refused`, `cancelled`, `other`, `open`.
    pub runs: Vec<(String, u64)>,
    /// Open runs that nobody drives.
    pub waiting: Vec<Waiting>,
    /// How long ago that lease was renewed which was renewed longest ago, of those that are held. Agents of one store have
    /// leases of one length.
    pub lease_age: Option<Duration>,
    /// Things that should be said to others and were not yet.
    pub unsaid: u64,
    /// Since when the oldest of them waits.
    pub unsaid_since: Option<Timestamp>,
    /// Things that were never said: nobody would hear them.
    pub given_up: u64,
}

/// Open runs into one environment that nobody drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Where to.
    pub environment: EnvName,
    /// How many.
    pub runs: u64,
    /// When the oldest was made.
    pub since: Timestamp,
}

const DELIVERIES: &str = r#"
    SELECT CASE WHEN verdict IS NULL THEN 'unjudged'
                WHEN verdict LIKE '{"verdict":"run"%' THEN 'run'
                WHEN verdict LIKE '{"verdict":"answered"%' THEN 'answered'
                WHEN verdict LIKE '{"verdict":"ignored"%' THEN 'ignored'
                ELSE 'refused' END AS name, COUNT(*) AS number
    FROM deliveries GROUP BY 1 ORDER BY 1"#;
const RUNS: &str = r#"
    SELECT CASE WHEN outcome IS NULL THEN 'open'
                WHEN outcome LIKE '{"outcome":"succeeded"%' THEN 'succeeded'
                WHEN outcome LIKE '{"outcome":"failed"%' THEN 'failed'
                WHEN outcome LIKE '{"outcome":"gate-refused"%' THEN 'gate-refused'
                WHEN outcome LIKE '{"outcome":"cancelled"%' THEN 'cancelled'
                ELSE 'other' END AS name, COUNT(*) AS number
    FROM runs GROUP BY 1 ORDER BY 1"#;
const WAITING: &str = "
    SELECT environment, COUNT(*) AS number, MIN(created_at) AS since FROM runs
    WHERE outcome IS NULL AND id NOT IN (SELECT run FROM leases WHERE owner IS NOT NULL)
    GROUP BY environment ORDER BY 2 DESC, 1 LIMIT $1";
const UNSAID: &str =
    "SELECT COUNT(*) AS number, MIN(since) AS since FROM outbox WHERE state = 'wanted'";

const GIVEN_UP: &str = "SELECT COUNT(*) FROM outbox WHERE state = 'given-up'";

impl Store {
    /// Counts what is there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let deliveries = sqlx::query(DELIVERIES).fetch_all(&self.pool).await?;
        let runs = sqlx::query(RUNS).fetch_all(&self.pool).await?;
        let waiting = sqlx::query(WAITING).bind(MOST_ENVIRONMENTS).fetch_all(&self.pool).await?;
        let unsaid = sqlx::query(UNSAID).fetch_one(&self.pool).await?;
        let since: Option<i64> = unsaid.try_get("since")?;
        let given_up: i64 = sqlx::query_scalar(GIVEN_UP).fetch_one(&self.pool).await?;
        Ok(Figures {
            deliveries: deliveries.iter().map(counted).collect::<Result<_, _>>()?,
            runs: runs.iter().map(counted).collect::<Result<_, _>>()?,
            waiting: waiting.iter().map(waiting_there).collect::<Result<_, _>>()?,
            lease_age: self.lease_age().await?,
            unsaid: count(unsaid.try_get("number")?),
            unsaid_since: since.map(moment).transpose()?,
            given_up: count(given_up),
        })
    }

    /// By the clock that rules leases.
    async fn lease_age(&self) -> Result<Option<Duration>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let ends: Option<i64> =
            sqlx::query_scalar("SELECT MIN(expires_at) FROM leases WHERE owner IS NOT NULL")
                .fetch_one(&mut *connection)
                .await?;
        let age = |ends: i64| count(now + milliseconds(self.lease_duration) - ends);
        Ok(ends.map(|ends| Duration::from_millis(age(ends))))
    }

    /// Ended runs that were not measured yet, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unobserved_runs(&self, most: u32) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE outcome IS NOT NULL AND observed = 0
             ORDER BY created_at LIMIT $1",
        )
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// Notes that a run was measured. Answers whether nobody had noted it before.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn run_is_observed(&self, run: &RunId) -> Result<bool, StoreError> {
        let noted = sqlx::query("UPDATE runs SET observed = 1 WHERE id = $1 AND observed = 0")
            .bind(run.as_str())
            .execute(&self.writes)
            .await?;
        Ok(noted.rows_affected() == 1)
    }

    /// The delivery that became this run, the first if there were several.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delivery_of(&self, run: &RunId) -> Result<Option<Delivery>, StoreError> {
        let verdict = super::column::json(&Verdict::Run { run: run.clone() })?;
        let row = sqlx::query(
            "SELECT * FROM deliveries WHERE verdict = $1 ORDER BY received_at, id LIMIT 1",
        )
        .bind(verdict)
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(super::deliveries::record).transpose()
    }

    /// Writes nothing and fails if nothing could be written.
    ///
    /// # Errors
    /// If the database fails, or is not writable.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let mut write = self.begin_write().await?;
        // A write that changes nothing, and would fail on a disk that is full or read-only.
        sqlx::query("UPDATE schema_version SET version = version").execute(&mut *write).await?;
        Ok(write.commit().await?)
    }
}

fn counted(row: &AnyRow) -> Result<(String, u64), StoreError> {
    Ok((row.try_get("name")?, count(row.try_get("number")?)))
}

fn waiting_there(row: &AnyRow) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        environment: text(row, "environment", "an environment name")?,
        runs: count(row.try_get("number")?),
        since: moment(row.try_get("since")?)?,
    })
}
