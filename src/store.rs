//! The agent's memory: runs, their events, leases, evidence, environment locks, log cursors and watched executions,
//! in SQLite.
//!
//! A run is leased before anything is written about it, and every such write names the lease's fence: a
//! process that lost its lease (it hung, another took over) changes nothing any more. Times come from the
//! [`Clock`](crate::clock::Clock). Write-ahead log with `synchronous = NORMAL`: whatever was answered
//! survives `kill -9`; a power cut can take the last moments but leaves no damage.

mod cursors;
mod environments;
mod error;
mod events;
mod evidence;
mod leases;
mod owner;
mod runs;
mod schema;
#[cfg(test)]
mod tests;
mod watching;

pub use cursors::LogCursor;
pub use environments::Place;
pub use error::StoreError;
pub use events::StoredEvent;
pub use leases::{LEASE_DURATION, Lease};
pub use owner::Owner;
pub use runs::{Ask, Facts, Found, NewRun, RunRecord};
pub use watching::{Progress, WatchLease, WatchedExecution};

use crate::clock::Clock;
use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::{path::Path, sync::Arc, time::Duration};

/// How long a statement waits for another process's write before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections; one writes at a time anyway, the others serve reads beside it.
const CONNECTIONS: u32 = 4;
/// Two processes that create the file at the same moment can get in each other's way beyond what
/// `busy_timeout` covers (the switch to the write-ahead log); the second tries again this often …
const OPEN_ATTEMPTS: u32 = 50;
/// … after this time.
const OPEN_PAUSE: Duration = Duration::from_millis(20);

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    pool: sqlx::SqlitePool,
    clock: Arc<dyn Clock>,
    owner: Owner,
}

impl Store {
    /// Opens the store in `file`, creating and migrating it as needed.
    ///
    /// # Errors
    /// If the file cannot be opened, or was written by a newer agent.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        let mut attempt = 1;
        let pool = loop {
            let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
            match pool.connect_with(options.clone()).await {
                Ok(pool) => break pool,
                Err(error) if attempt < OPEN_ATTEMPTS && error::is_busy(&error) => {
                    attempt += 1;
                    clock.sleep(OPEN_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
        schema::migrate(&pool).await?;
        Ok(Self { pool, clock, owner: Owner::this_process()? })
    }

    /// Closes every connection, so that the file can be moved or removed.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn begin_write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
        // A transaction that first reads and then upgrades to a write fails at once if another wrote meanwhile.
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

fn moment(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| StoreError::corrupt("a time", &milliseconds.to_string()))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
