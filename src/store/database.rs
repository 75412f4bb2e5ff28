//! The two databases, as far as they differ: how connections are opened, how a write waits for its turn, whose clock
//! counts.
//!
//! Everything else is one text of SQL for both. Writes are serial on SQLite by nature: `BEGIN IMMEDIATE` admits one at a
//! time. On Postgres an advisory lock stands for that, held until the end of the transaction: exclusive for a write
//! that reads and then decides, shared for a write about a leased run, which excludes others about the same run by its
//! row in `leases`. So what is decided after a look is decided in a world that stands still, on both, while the many
//! small writes of running stages do not wait for each other. Row locks alone would be finer, and every new statement
//! would have to be thought through for them; this is right for all statements, and one write costs a millisecond.
//!
//! A process that is frozen within a transaction would stop everybody: Postgres ends such a session by itself.

use super::{StoreError, address::Place, error};
use crate::clock::Clock;
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _,
    any::{AnyConnectOptions, AnyPoolOptions},
};
use std::{path::Path, time::Duration};

/// What each connection to a SQLite file is told first. A statement waits ten seconds for another process's write
/// before it fails. Whoever commits behind 16 MiB of log (4096 pages) has to bring it into the file first, and to wait for
/// the disk: an agent that serves does so in time, where nobody waits ([`Store::checkpoint`](super::Store::checkpoint)).
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL;
     PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4096;";
/// What each connection to Postgres is told first: a transaction whose process says nothing for three seconds (between
/// two statements of ours lie microseconds) is rolled back; a lock is waited for as long as on SQLite; a statement that
/// takes half a minute is stuck.
const POSTGRES_SETTINGS: &str = "SET idle_in_transaction_session_timeout = '3s';
     SET lock_timeout = '10s'; SET statement_timeout = '30s';";
/// Connections of one process; a fleet of ten stays well below the hundred that Postgres admits by default.
const CONNECTIONS: u32 = 4;
/// Two processes that create the file at the same moment can get in each other's way beyond what
/// `busy_timeout` covers (the switch to the write-ahead log); the second tries again this often …
const OPEN_ATTEMPTS: u32 = 50;
/// … after this time.
const OPEN_PAUSE: Duration = Duration::from_millis(20);
/// How long a connection is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

/// Whose clock counts between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommonTime {
    /// That of the process: all of them are on one machine.
    Ours,
    /// That of the database: the machines' clocks differ.
    Databases,
}

/// What a transaction outlives once it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The process. A power cut may take the last moments back, which are then done again.
    Process,
    /// A power cut too, at the price of waiting for the disk. Postgres waits always.
    Power,
}

/// What connections are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Everything.
    General,
    /// One connection for the writes that wait for each other.
    Writes,
    /// One connection to keep leases over.
    Renewals,
}

impl Database {
    pub(super) fn of(place: &Place) -> Self {
        match place {
            Place::File(_) => Self::Sqlite,
            Place::Postgres(_) => Self::Postgres,
        }
    }

    /// How a transaction begins that writes. One that first reads and then upgrades to a write fails at once on SQLite
    /// if another wrote meanwhile.
    pub(super) fn begin(self, durability: Durability) -> &'static str {
        match (self, durability) {
            (Self::Sqlite, Durability::Process) => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
            (Self::Sqlite, Durability::Power) => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            (Self::Postgres, _) => "BEGIN",
        }
    }

    /// Waits until nobody else is writing, and keeps others waiting until the transaction ends.
    pub(super) async fn alone(self, write: &mut AnyConnection) -> Result<(), sqlx::Error> {
        // One lock for each schema: two stores in one database have nothing to do with each other.
        self.lock(
            write,
            "SELECT pg_advisory_xact_lock(hashtext('relevo'), hashtext(current_schema()))",
        )
        .await
    }

    /// Waits until nobody is [`alone`](Self::alone), and keeps those waiting until the transaction ends.
    pub(super) async fn beside_others(self, write: &mut AnyConnection) -> Result<(), sqlx::Error> {
        self.lock(
            write,
            "SELECT pg_advisory_xact_lock_shared(hashtext('relevo'), hashtext(current_schema()))",
        )
        .await
    }

    /// Tells a SQLite connection something that Postgres has no word for.
    pub(super) async fn only_sqlite(
        self,
        connection: &mut AnyConnection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite => connection.execute(statement).await.map(|_| ()),
            Self::Postgres => Ok(()),
        }
    }

    async fn lock(
        self,
        write: &mut AnyConnection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite => Ok(()),
            Self::Postgres => sqlx::query(statement).execute(write).await.map(|_| ()),
        }
    }

    /// Can a connection be gone that was there? Then it is asked each time, at the price of a way there and back.
    fn may_hang_up(self) -> bool {
        match self {
            Self::Sqlite => false,
            Self::Postgres => true,
        }
    }

    fn settings(self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE_SETTINGS,
            Self::Postgres => POSTGRES_SETTINGS,
        }
    }
}

/// Connections to the database at `place`, which is there; a file is made if need be.
pub(super) async fn connect(
    place: &Place,
    used: Use,
    clock: &dyn Clock,
) -> Result<AnyPool, StoreError> {
    let mut attempt = 1;
    loop {
        let (pool, options) = prepare(place, used)?;
        match first(Database::of(place), &options).await {
            Ok(()) => return Ok(pool.connect_lazy_with(options)),
            Err(error) if attempt < OPEN_ATTEMPTS && error::is_busy(&error) => {
                attempt += 1;
                clock.sleep(OPEN_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes one connection and closes it: a pool tries again for as long as it may, and does not say what was wrong.
async fn first(database: Database, options: &AnyConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect_with(options).await?;
    connection.execute(sqlx::raw_sql(database.settings())).await?;
    connection.close().await
}

/// Connections that are made when they are needed.
pub(super) fn connect_when_needed(place: &Place, used: Use) -> Result<AnyPool, StoreError> {
    let (pool, options) = prepare(place, used)?;
    Ok(pool.connect_lazy_with(options))
}

fn prepare(place: &Place, used: Use) -> Result<(AnyPoolOptions, AnyConnectOptions), StoreError> {
    sqlx::any::install_default_drivers();
    let database = Database::of(place);
    let options = match place {
        Place::File(file) => sqlite_options(file)?,
        Place::Postgres(url) => url.as_str().parse()?,
    };
    let most = match used {
        Use::General => CONNECTIONS,
        Use::Writes | Use::Renewals => 1,
    };
    let pool = AnyPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECT_TIMEOUT)
        .test_before_acquire(database.may_hang_up())
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(database.settings())).await?;
                Ok(())
            })
        });
    Ok((pool, options))
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

#[cfg(test)]
mod tests {
    use crate::{
        clock::SystemClock,
        store::{NewDelivery, Store, Via},
    };
    use std::sync::Arc;

    #[tokio::test]
    async fn what_was_written_is_brought_into_the_file_when_it_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store");
        let store = Store::open(&file, Arc::new(SystemClock)).await.unwrap();
        store.checkpoint().await.unwrap();
        let new = |number: usize| NewDelivery {
            id: format!("d-{number}").parse().unwrap(),
            via: Via::Webhook,
            repository: "x".to_owned(),
            event: "push".to_owned(),
            // More in all than SQLite would leave in the log by itself.
            body: "x".repeat(8 << 10),
        };
        let many: Vec<_> = (0..600).map(new).collect();
        let length = || std::fs::metadata(&file).unwrap().len();
        let before = length();
        store.keep_deliveries(&many).await.unwrap();
        assert_eq!(length(), before, "nobody who writes waits for that");
        store.checkpoint().await.unwrap();
        assert!(length() > before + 600 * (8 << 10));
    }
}
