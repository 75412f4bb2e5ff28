//! What can go wrong with the store.

use super::Owner;
use crate::ids::{EnvName, RunId};
use std::time::Duration;

/// The store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a newer agent.
    #[error("the store has schema version {found}, this agent knows versions up to {known}")]
    Newer {
        /// Version of the file.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// No run fits the given id.
    #[error("no run '{0}'")]
    NoSuchRun(String),
    /// Several runs fit the given digits.
    #[error("several runs end in '{0}'")]
    AmbiguousRun(String),
    /// Another process is driving the run.
    #[error("run {run} is being driven by {owner}")]
    LeaseHeld {
        /// Which run.
        run: RunId,
        /// By whom.
        owner: Box<Owner>,
    },
    /// The run was taken over by someone else; nothing was written.
    #[error("the lease of run {0} was lost")]
    LeaseLost(RunId),
    /// The lease could not be renewed in time: nobody else has the run yet, but may have it in a moment.
    #[error("run {run} is let go: its lease could not be renewed in time")]
    LeaseUncertain {
        /// Of which run.
        run: RunId,
        /// How long it may last still.
        left: Duration,
    },
    /// Another process watches the environment.
    #[error("environment {environment} is being watched by {owner}")]
    Watched {
        /// Which environment.
        environment: EnvName,
        /// By whom.
        owner: Box<Owner>,
    },
    /// Another process took the watch over; nothing was written.
    #[error("the watch over environment {0} was lost to another process")]
    WatchLost(EnvName),
    /// Another process tells by now what is to be told; nothing was written.
    #[error("the outbox was lost to another process")]
    OutboxLost,
    /// Something in the store cannot be read.
    #[error("the store holds {what} that cannot be read: {text}")]
    Corrupt {
        /// What it should be.
        what: &'static str,
        /// What is there.
        text: String,
    },
    /// `/proc` does not tell who we are.
    #[error("cannot tell this process from others: {0}")]
    Owner(#[source] std::io::Error),
    /// The database failed.
    #[error("the store's database failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    pub(super) fn corrupt(what: &'static str, text: &str) -> Self {
        Self::Corrupt { what, text: text.chars().take(200).collect() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

/// Another process holds a lock that would have been waited for.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    // SQLITE_BUSY and its extended codes share the low byte 5.
    error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<i32>().ok())
        .is_some_and(|code| code & 0xff == 5)
}
