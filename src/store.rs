//! The agent's memory: runs, their events, leases, evidence, environment locks, log cursors and watched executions,
//! in SQLite.
//!
//! A run is leased before anything is written about it, and every such write names the lease's fence: a
//! process that lost its lease (it hung, another took over) changes nothing any more. Times come from the
//! [`Clock`](crate::clock::Clock). Write-ahead log with `synchronous = NORMAL`: whatever was answered
//! survives `kill -9`; a power cut can take the last moments but leaves no damage.

mod acts;
mod cursors;
mod deliveries;
mod environments;
mod error;
mod events;
mod evidence;
mod heads;
mod leases;
mod outbox;
mod owner;
mod runs;
mod schema;
#[cfg(test)]
mod tests;
mod watching;

pub use cursors::LogCursor;
pub use deliveries::{Delivery, Kept, NewDelivery, Via};
pub use environments::Place;
pub use error::StoreError;
pub use events::StoredEvent;
pub use leases::{LEASE_DURATION, Lease};
pub use outbox::{Due, OutboxLease, OutboxRow, Silence, Tale, Unsaid, Wanted};
pub use owner::Owner;
pub use runs::{Ask, Facts, Found, NewRun, RunRecord};
pub use watching::{Progress, WatchLease, WatchedExecution};

use crate::clock::Clock;
use jiff::Timestamp;
use sqlx::{
    Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use std::{path::Path, sync::Arc, time::Duration};

/// What each connection to a SQLite file is told first. A statement waits ten seconds for another process's write
/// before it fails.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;
     PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;";
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
    pool: sqlx::AnyPool,
    clock: Arc<dyn Clock>,
    owner: Owner,
}

impl Store {
    /// Opens the store in `file`, creating and migrating it as needed.
    ///
    /// # Errors
    /// If the file cannot be opened, or was written by a newer agent.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let options = sqlite_options(file)?;
        let mut attempt = 1;
        let pool = loop {
            let pool = AnyPoolOptions::new().max_connections(CONNECTIONS).after_connect(
                |connection, _| {
                    Box::pin(async move {
                        connection.execute(sqlx::raw_sql(SQLITE_SETTINGS)).await?;
                        Ok(())
                    })
                },
            );
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

    async fn begin_write(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, StoreError> {
        // A transaction that first reads and then upgrades to a write fails at once if another wrote meanwhile.
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }
}

/// `file` as an address that is made if it is not there; what has a meaning in addresses is escaped.
fn sqlite_options(file: &Path) -> Result<AnyConnectOptions, StoreError> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut url = url::Url::from_file_path(absolute)
        .map_err(|()| StoreError::corrupt("a path", &file.display().to_string()))?;
    url.set_query(Some("mode=rwc"));
    let address = url.as_str().replacen("file://", "sqlite://", 1);
    Ok(address.parse::<AnyConnectOptions>()?)
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
