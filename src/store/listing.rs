//! Runs page by page, of one environment, branch or outcome if that is wanted.

use super::runs::{RunRecord, record};
use super::{Store, StoreError};
use crate::ids::{BranchName, EnvName, RunId, Sha};

/// How runs ended, as they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Not yet.
    Open,
    /// Well.
    Succeeded,
    /// A stage failed for good.
    Failed,
    /// The gate said no.
    GateRefused,
    /// A person stopped it.
    Cancelled,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Into this environment.
    pub environment: Option<EnvName>,
    /// Of this branch.
    pub branch: Option<String>,
    /// Ended like this.
    pub ended: Option<Ended>,
    /// Made before this one.
    pub before: Option<RunId>,
}

impl Ended {
    /// How the stored outcome begins.
    fn pattern(self) -> &'static str {
        match self {
            Self::Open => "",
            Self::Succeeded => r#"{"outcome":"succeeded"%"#,
            Self::Failed => r#"{"outcome":"failed"%"#,
            Self::GateRefused => r#"{"outcome":"gate-refused"%"#,
            Self::Cancelled => r#"{"outcome":"cancelled"%"#,
        }
    }
}

/// How the stored outcome of a run begins whose place another took.
const SUPERSEDED: &str = r#"{"outcome":"superseded"%"#;

/// Environments that are listed at most.
const MOST_ENVIRONMENTS: i64 = 256;

impl Store {
    /// The newest runs of a branch of a repository into an environment that no other took the place of, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn runs_of_branch(
        &self,
        (repository, branch): (&str, &str),
        environment: &EnvName,
        most: u32,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND reference = $2
             AND environment = $3 AND COALESCE(outcome, '') NOT LIKE $4
             ORDER BY created_at DESC, id DESC LIMIT $5",
        )
        .bind(repository)
        .bind(branch)
        .bind(environment.as_str())
        .bind(SUPERSEDED)
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// The newest run of a commit of a branch, for this environment.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn newest_run_of(
        &self,
        repository: &str,
        (branch, commit): (&BranchName, &Sha),
        environment: &EnvName,
    ) -> Result<Option<RunRecord>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND reference = $2 AND commit_id = $3
             AND environment = $4 ORDER BY ask DESC LIMIT 1",
        )
        .bind(repository)
        .bind(branch.as_str())
        .bind(commit.as_str())
        .bind(environment.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(record).transpose()
    }

    /// The newest runs of a commit of a repository into an environment, by whatever branch, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn runs_of_commit(
        &self,
        repository: &str,
        commit: &Sha,
        environment: &EnvName,
        most: u32,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE repository = $1 AND commit_id = $2 AND environment = $3
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(repository)
        .bind(commit.as_str())
        .bind(environment.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }

    /// The environments that runs were made for, by name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn environments(&self) -> Result<Vec<EnvName>, StoreError> {
        let rows =
            sqlx::query("SELECT DISTINCT environment FROM runs ORDER BY environment LIMIT $1")
                .bind(MOST_ENVIRONMENTS)
                .fetch_all(&self.pool)
                .await?;
        rows.iter()
            .map(|row| super::column::text(row, "environment", "an environment name"))
            .collect()
    }

    /// The runs that `filter` wants, newest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn list_runs(
        &self,
        filter: &RunFilter,
        most: u32,
    ) -> Result<Vec<RunRecord>, StoreError> {
        // Ids begin with the moment they were made at: their order is that of time, and a place in it never moves.
        let rows = sqlx::query(
            "SELECT * FROM runs WHERE ($1 = '' OR id < $1) AND ($2 = '' OR environment = $2)
             AND ($3 = '' OR reference = $3) AND ($4 = '%' OR COALESCE(outcome, '') LIKE $4)
             ORDER BY id DESC LIMIT $5",
        )
        .bind(filter.before.as_ref().map_or("", RunId::as_str))
        .bind(filter.environment.as_ref().map_or("", EnvName::as_str))
        .bind(filter.branch.as_deref().unwrap_or_default())
        .bind(filter.ended.map_or("%", Ended::pattern))
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record).collect()
    }
}
