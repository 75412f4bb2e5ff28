//! Runs: found by id, by the digits people type, or by what is known of them.

use super::column::{checked, from_json, json, text};
use super::{Facts, Store, StoreError, moment};
use crate::flow::Outcome;
use crate::ids::{Arn, EnvName, RunId, Sha};
use crate::spec::Pipeline;
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};

/// A run as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// Id.
    pub id: RunId,
    /// Path or URL of the repository.
    pub repository: String,
    /// Branch.
    pub reference: String,
    /// Commit.
    pub commit: Sha,
    /// The environment it deploys to.
    pub environment: EnvName,
    /// How often this commit had been asked for again when this run was made.
    pub ask: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// What `when` may ask about.
    pub facts: Facts,
    /// The graph it began with.
    pub pipeline: Pipeline,
    /// The commit whose environment files it is applied with; settled before its first change.
    pub policy: Option<Sha>,
    /// How it ended, if it has.
    pub outcome: Option<Outcome>,
}

/// Runs of one execution that are looked at: each begins it anew or finds it, and the newest knows best.
const MOST_WITH_EXECUTION: i64 = 5;

impl Store {
    /// A run by its id.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], or if the database fails.
    pub async fn run(&self, id: &RunId) -> Result<RunRecord, StoreError> {
        let row = sqlx::query("SELECT * FROM runs WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        record(&row.ok_or_else(|| StoreError::NoSuchRun(id.to_string()))?)
    }

    /// A run by its whole id or by the last digits of it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], [`StoreError::AmbiguousRun`], or if the database fails.
    pub async fn run_by_digits(&self, digits: &str) -> Result<RunRecord, StoreError> {
        let legal = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        let rows = sqlx::query("SELECT * FROM runs WHERE id LIKE $1 LIMIT 2")
            .bind(format!("%{}", digits.to_ascii_lowercase()))
            .fetch_all(&self.pool)
            .await?;
        match rows.as_slice() {
            [row] if legal => record(row),
            [_, _] if legal => Err(StoreError::AmbiguousRun(digits.to_owned())),
            _ => Err(StoreError::NoSuchRun(digits.to_owned())),
        }
    }

    /// The newest runs, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_runs(&self, most: u32) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM runs ORDER BY created_at DESC, id DESC LIMIT $1")
            .bind(i64::from(most))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }

    /// The newest runs of a repository into an environment that succeeded, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn succeeded_runs(
        &self,
        repository: &str,
        environment: &EnvName,
        most: u32,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND environment = $2 AND outcome = $3
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(repository)
        .bind(environment.as_str())
        .bind(json(&Outcome::Succeeded)?)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// Runs one of whose stages told of this execution, newest first, a few at most.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn runs_with_execution(&self, arn: &Arn) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE id IN (SELECT run FROM events WHERE event LIKE $1)
             ORDER BY created_at DESC, id DESC LIMIT $2",
        )
        .bind(format!("%\"execution\":\"{arn}\"%"))
        .bind(MOST_WITH_EXECUTION)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// The runs that have not ended, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn open_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM runs WHERE outcome IS NULL ORDER BY created_at, id")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(record).collect()
    }
}

pub(super) fn record(row: &AnyRow) -> Result<RunRecord, StoreError> {
    let outcome: Option<String> = row.try_get("outcome")?;
    let policy: Option<String> = row.try_get("policy")?;
    Ok(RunRecord {
        id: text(row, "id", "a run id")?,
        repository: row.try_get("repository")?,
        reference: row.try_get("reference")?,
        commit: text(row, "commit_id", "a commit id")?,
        environment: text(row, "environment", "an environment name")?,
        ask: u32::try_from(row.try_get::<i64, _>("ask")?).unwrap_or(u32::MAX),
        created_at: moment(row.try_get("created_at")?)?,
        facts: from_json(row.try_get("facts")?, "facts")?,
        pipeline: from_json(row.try_get("pipeline")?, "a pipeline")?,
        policy: policy.map(|text| checked(&text, "a commit id")).transpose()?,
        outcome: outcome.map(|text| from_json(&text, "an outcome")).transpose()?,
    })
}
