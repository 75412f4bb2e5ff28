//! The rows of the outbox on their way: due, tried, said, put off, given up, overtaken.

use super::{Due, OutboxLease, Silence, Store, StoreError, Tries, expect_one, from_json, text};
use crate::{ids::RunId, store::moment};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of a problem that are kept.
const LONGEST_PROBLEM: usize = 500;

/// A row of the outbox, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OutboxRow {
    /// What it is called among the things said about the run.
    pub name: String,
    /// `wanted`, `sent`, `given-up` or `overtaken`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try may be made, for one that is wanted.
    pub not_before: Timestamp,
    /// What went wrong last.
    pub problem: Option<String>,
}

impl Store {
    /// What is to be said now, oldest first, at most `most`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn due_sayings(
        &self,
        which: &Which<'_>,
        most: usize,
    ) -> Result<Vec<Due>, StoreError> {
        let mut rows = sqlx::query(
            "SELECT outbox.*, runs.repository FROM outbox JOIN runs ON runs.id = outbox.run
             WHERE state = 'wanted' AND not_before <= $1 ORDER BY since, run, name",
        )
        .bind(self.now())
        .fetch(&self.pool);
        let mut sayings = Vec::new();
        while let Some(row) = rows.try_next().await? {
            let saying = due(&row)?;
            if which.repositories.contains(row.try_get::<&str, _>("repository")?)
                || saying.since < which.forsaken_before
            {
                sayings.push(saying);
            }
            if sayings.len() == most {
                break;
            }
        }
        Ok(sayings)
    }

    /// When the next saying about a run of each repository may be tried, for those that have any.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn next_sayings(&self) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        let rows = sqlx::query(
            "SELECT runs.repository, MIN(not_before) AS next FROM outbox
             JOIN runs ON runs.id = outbox.run WHERE state = 'wanted' GROUP BY runs.repository",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("repository")?, moment(row.try_get("next")?)?)))
            .collect()
    }

    /// Takes down that something is about to be said. `false` if a newer run speaks about the same thing, which silences
    /// it, or if something else is to be said by now.
    ///
    /// # Errors
    /// [`StoreError::OutboxLost`], or if the database fails.
    pub async fn begin_saying(&self, lease: &OutboxLease, due: &Due) -> Result<bool, StoreError> {
        let mut write = self.begin_write().await?;
        let row = sqlx::query(
            "SELECT about, silence, remote, doubt FROM outbox WHERE run = $1 AND name = $2 AND wanted = $3
             AND state = 'wanted'",
        )
        .bind(due.run.as_str())
        .bind(&due.name)
        .bind(due.wanted.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let may_be_silenced = match from_json::<Silence>(row.try_get("silence")?, "a silence")? {
            Silence::Always => true,
            Silence::Unmade => !due.doubt && due.remote.is_none(),
            Silence::Never => false,
        };
        let newer: Option<i64> = sqlx::query_scalar(
            "SELECT CAST(1 AS BIGINT) FROM outbox WHERE about = $1 AND run > $2 LIMIT 1",
        )
        .bind(row.try_get::<Option<String>, _>("about")?)
        .bind(due.run.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let is_overtaken = may_be_silenced && newer.is_some();
        let change = if is_overtaken {
            "UPDATE outbox SET state = 'overtaken', problem = NULL WHERE run = $1 AND name = $2
             AND EXISTS (SELECT 1 FROM outbox_lease WHERE one = 1 AND fence = $3)"
        } else {
            "UPDATE outbox SET doubt = 1, attempts = attempts + 1 WHERE run = $1 AND name = $2
             AND EXISTS (SELECT 1 FROM outbox_lease WHERE one = 1 AND fence = $3)"
        };
        let changed = sqlx::query(change)
            .bind(due.run.as_str())
            .bind(&due.name)
            .bind(lease.fence)
            .execute(&mut *write)
            .await?;
        expect_one(changed.rows_affected())?;
        write.commit().await?;
        Ok(!is_overtaken)
    }

    /// Takes down that something was said, and what it is called there. What is to be said by now may differ already.
    ///
    /// # Errors
    /// [`StoreError::OutboxLost`], or if the database fails.
    pub async fn said(
        &self,
        lease: &OutboxLease,
        due: &Due,
        remote: &str,
    ) -> Result<(), StoreError> {
        let said = sqlx::query(
            "UPDATE outbox SET sent = $4, remote = $5, doubt = 0, attempts = 0, refusals = 0, problem = NULL,
             state = CASE WHEN wanted = $4 THEN 'sent' ELSE 'wanted' END WHERE run = $1 AND name = $2
             AND EXISTS (SELECT 1 FROM outbox_lease WHERE one = 1 AND fence = $3)",
        )
        .bind(due.run.as_str())
        .bind(&due.name)
        .bind(lease.fence)
        .bind(due.wanted.as_str())
        .bind(remote)
        .execute(&self.writes)
        .await?;
        expect_one(said.rows_affected())
    }

    /// Puts a saying off until `again`, or gives it up. `heard` says whether the try may have been heard all the same.
    ///
    /// # Errors
    /// [`StoreError::OutboxLost`], or if the database fails.
    pub async fn unsaid(
        &self,
        lease: &OutboxLease,
        due: &Due,
        unsaid: Unsaid<'_>,
    ) -> Result<(), StoreError> {
        let state = if unsaid.again.is_some() { "wanted" } else { "given-up" };
        let problem: String = unsaid.problem.chars().take(LONGEST_PROBLEM).collect();
        let kept = sqlx::query(
            "UPDATE outbox SET doubt = $4, attempts = $5, refusals = $10, not_before = $6, problem = $7,
             state = CASE WHEN wanted = $8 THEN $9 ELSE 'wanted' END WHERE run = $1 AND name = $2
             AND EXISTS (SELECT 1 FROM outbox_lease WHERE one = 1 AND fence = $3)",
        )
        .bind(due.run.as_str())
        .bind(&due.name)
        .bind(lease.fence)
        .bind(i64::from(unsaid.doubt))
        .bind(i64::from(unsaid.tries.all))
        .bind(unsaid.again.map_or(0, Timestamp::as_millisecond))
        .bind(problem)
        .bind(due.wanted.as_str())
        .bind(state)
        .bind(i64::from(unsaid.tries.refused))
        .execute(&self.writes)
        .await?;
        expect_one(kept.rows_affected())
    }

    /// Everything that was or is to be said about a run.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn outbox(&self, run: &RunId) -> Result<Vec<OutboxRow>, StoreError> {
        let rows = sqlx::query("SELECT * FROM outbox WHERE run = $1 ORDER BY name")
            .bind(run.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(OutboxRow {
                    name: row.try_get("name")?,
                    state: row.try_get("state")?,
                    attempts: number(row, "attempts")?,
                    not_before: moment(row.try_get("not_before")?)?,
                    problem: row.try_get("problem")?,
                })
            })
            .collect()
    }
}

/// Which sayings somebody takes.
#[derive(Debug, Clone, Copy)]
pub struct Which<'r> {
    /// Those about runs of these repositories …
    pub repositories: &'r BTreeSet<&'r str>,
    /// … and those about any run that have waited since before this, as nobody else takes them.
    pub forsaken_before: Timestamp,
}

/// A try that failed.
#[derive(Debug, Clone, Copy)]
pub struct Unsaid<'a> {
    /// Why.
    pub problem: &'a str,
    /// May it have been heard all the same?
    pub doubt: bool,
    /// Tries that count against the bounds.
    pub tries: Tries,
    /// When to try again; not at all if absent.
    pub again: Option<Timestamp>,
}

fn number(row: &AnyRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
}

fn due(row: &AnyRow) -> Result<Due, StoreError> {
    Ok(Due {
        run: text(row, "run", "a run id")?,
        name: row.try_get("name")?,
        content: row.try_get("content")?,
        remote: row.try_get("remote")?,
        doubt: row.try_get::<i64, _>("doubt")? == 1,
        tries: Tries { all: number(row, "attempts")?, refused: number(row, "refusals")? },
        since: moment(row.try_get("since")?)?,
        wanted: text(row, "wanted", "a digest")?,
    })
}
