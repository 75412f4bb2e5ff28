//! The outbox: what should be said about runs, what was said, and who may say it.
//!
//! A row is one thing to be said. New content replaces what was not sent yet, so that nothing old follows something
//! new. One process at a time has the outbox; each write names the fence of its lease.

mod rows;

use super::column::{from_json, json, text};
use super::{LEASE_DURATION, Store, StoreError, milliseconds, number};
use crate::ids::{Digest, RunId};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use std::collections::BTreeSet;

pub use rows::{OutboxRow, Unsaid, Which};

/// Each of the three ways in has an index, so that a long history is not read through.
const UNTOLD: &str = "
    SELECT runs.id, runs.repository FROM runs LEFT JOIN told ON told.run = runs.id
    WHERE runs.id IN (SELECT id FROM runs WHERE created_at >= $1
                      UNION SELECT id FROM runs WHERE outcome IS NULL
                      UNION SELECT run FROM told WHERE finished = 0)
    AND COALESCE(told.finished, 0) = 0
    AND EXISTS (SELECT 1 FROM events WHERE run = runs.id AND seq > COALESCE(told.seen, 0))
    ORDER BY runs.created_at, runs.id";

/// The right to send what is in the outbox, as long as nobody has taken it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxLease {
    fence: i64,
}

/// One thing that should be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name among the things said about the run.
    pub name: String,
    /// What it is about, if newer runs may speak about the same thing.
    pub about: Option<String>,
    /// What such a run does to it.
    pub silence: Silence,
    /// What is to be said.
    pub content: String,
}

/// What the word of a newer run about the same thing does to that of an older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Silence {
    /// It is not said any more.
    Always,
    /// It is said only if something of its own is there already.
    Unmade,
    /// Nothing.
    Never,
}

/// How far a run has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tale {
    /// The run.
    pub run: RunId,
    /// Events taken into account.
    pub seen: u64,
    /// Nothing more will happen to it.
    pub finished: bool,
}

/// Something to be said now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// About which run.
    pub run: RunId,
    /// Its name among the things said about the run.
    pub name: String,
    /// What is to be said.
    pub content: String,
    /// What it is called where it was said before.
    pub remote: Option<String>,
    /// An earlier try may have been heard.
    pub doubt: bool,
    /// Tries of this content so far.
    pub tries: Tries,
    /// Since when it has been waiting.
    pub since: Timestamp,
    wanted: Digest,
}

/// Tries to say one thing so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    /// All that count.
    pub all: u32,
    /// Those that were answered with a no.
    pub refused: u32,
}

/// The runs that are to be told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Untold {
    /// Those of the repositories that were asked about.
    pub runs: Vec<RunId>,
    /// There are some of other repositories.
    pub others: bool,
}

impl Store {
    /// Leases the outbox, unless a living process has it.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn acquire_outbox(&self) -> Result<Option<OutboxLease>, StoreError> {
        let mut write = self.begin_write().await?;
        let row = sqlx::query("SELECT fence, owner, expires_at FROM outbox_lease WHERE one = 1")
            .fetch_optional(&mut *write)
            .await?;
        let now = self.common_now(&mut write).await?;
        let mut fence = 1;
        if let Some(row) = row {
            fence = row.try_get::<i64, _>("fence")? + 1;
            let until = row.try_get("expires_at")?;
            if self.living_owner(row.try_get("owner")?, until, now)?.is_some() {
                return Ok(None);
            }
        }
        sqlx::query(
            "INSERT INTO outbox_lease (one, fence, owner, expires_at) VALUES (1, $1, $2, $3)
             ON CONFLICT (one) DO UPDATE SET fence = $1, owner = $2, expires_at = $3",
        )
        .bind(fence)
        .bind(json(&self.owner)?)
        .bind(now + milliseconds(LEASE_DURATION))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Some(OutboxLease { fence }))
    }

    /// Makes the lease last from now.
    ///
    /// # Errors
    /// [`StoreError::OutboxLost`], or if the database fails.
    pub async fn renew_outbox(&self, lease: &OutboxLease) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let renewed =
            sqlx::query("UPDATE outbox_lease SET expires_at = $2 WHERE one = 1 AND fence = $1")
                .bind(lease.fence)
                .bind(now + milliseconds(LEASE_DURATION))
                .execute(&mut *connection)
                .await?;
        expect_one(renewed.rows_affected())
    }

    /// Gives the outbox back. One that was lost is left to its new owner.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn release_outbox(&self, lease: &OutboxLease) -> Result<(), StoreError> {
        sqlx::query("UPDATE outbox_lease SET owner = NULL, expires_at = 0 WHERE fence = $1")
            .bind(lease.fence)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// The runs of `repositories` of which more has happened than was put into the outbox, oldest first, at most `most`:
    /// those made since `since`, older ones that are not over, and each that was told of before and not to its end.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn untold_runs(
        &self,
        repositories: &BTreeSet<&str>,
        since: Timestamp,
        most: usize,
    ) -> Result<Untold, StoreError> {
        let mut rows = sqlx::query(UNTOLD).bind(since.as_millisecond()).fetch(&self.pool);
        let mut untold = Untold::default();
        // Not in the query: it would be another one for each number of repositories.
        while let Some(row) = rows.try_next().await? {
            if repositories.contains(row.try_get::<&str, _>("repository")?) {
                untold.runs.push(text(&row, "id", "a run id")?);
            } else {
                untold.others = true;
            }
            if untold.runs.len() == most {
                break;
            }
        }
        Ok(untold)
    }

    /// Puts into the outbox what should be said about a run by now, and how far it is told with that.
    ///
    /// # Errors
    /// [`StoreError::OutboxLost`], or if the database fails.
    pub async fn want(
        &self,
        lease: &OutboxLease,
        tale: &Tale,
        wanted: &[Wanted],
    ) -> Result<(), StoreError> {
        let now = self.now();
        let mut write = self.begin_write().await?;
        let told = sqlx::query(
            "INSERT INTO told (run, seen, finished) SELECT $1, $2, $3
             WHERE EXISTS (SELECT 1 FROM outbox_lease WHERE one = 1 AND fence = $4)
             ON CONFLICT (run) DO UPDATE SET seen = $2, finished = $3",
        )
        .bind(tale.run.as_str())
        .bind(number(tale.seen))
        .bind(i64::from(tale.finished))
        .bind(lease.fence)
        .execute(&mut *write)
        .await?;
        expect_one(told.rows_affected())?;
        for new in wanted {
            // What is there already stays as it is; what differs is to be sent, with new patience if it was given up.
            sqlx::query(
                "INSERT INTO outbox (run, name, about, silence, content, wanted, doubt, attempts, since,
                 not_before, state) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, 0, 'wanted')
                 ON CONFLICT (run, name) DO UPDATE SET content = $5, wanted = $6, since = $7,
                 attempts = CASE WHEN outbox.state = 'wanted' THEN outbox.attempts ELSE 0 END,
                 refusals = CASE WHEN outbox.state = 'wanted' THEN outbox.refusals ELSE 0 END,
                 not_before = CASE WHEN outbox.state = 'wanted' THEN outbox.not_before ELSE 0 END,
                 state = 'wanted' WHERE outbox.wanted <> $6",
            )
            .bind(tale.run.as_str())
            .bind(&new.name)
            .bind(new.about.as_deref())
            .bind(json(&new.silence)?)
            .bind(&new.content)
            .bind(Digest::of(&new.content).as_str())
            .bind(now)
            .execute(&mut *write)
            .await?;
        }
        Ok(write.commit().await?)
    }
}

fn expect_one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::OutboxLost) }
}
