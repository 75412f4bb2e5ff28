//! Opening the file, and telling whose it is.

use sqlx::{
    ConnectOptions, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

/// Marks the file as a rehearsal's (SQLite `application_id`; "RELV").
const APPLICATION: i64 = 0x5245_4C56;

/// Version of the tables below (SQLite `user_version`).
const VERSION: i64 = 1;

/// How long to wait for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE items (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)
) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY, space TEXT NOT NULL, key TEXT NOT NULL,
    head TEXT NOT NULL, content BLOB NOT NULL,
    UNIQUE (space, key)
);
CREATE TABLE log_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL, stream TEXT NOT NULL,
    timestamp INTEGER NOT NULL, ingestion INTEGER NOT NULL, message TEXT NOT NULL
);
CREATE INDEX log_events_by_time ON log_events (account, region, log_group, timestamp, id);
PRAGMA application_id = 1380273238;
PRAGMA user_version = 1;
";

/// The state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Some other program's database.
    #[error("{0} is not a rehearsal's state file")]
    Foreign(String),
    /// A rehearsal's, but not of this version.
    #[error(
        "{file} is of version {found}, this program reads version {VERSION}; reset the rehearsal"
    )]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: i64,
    },
    /// SQLite refused.
    #[error("cannot open the rehearsal's state file {file}")]
    Database {
        /// The file.
        file: String,
        /// Why.
        source: sqlx::Error,
    },
}

/// Opens `path`, makes the tables if it is new.
pub(in crate::rehearsal) async fn open(path: &Path) -> Result<SqliteConnection, OpenError> {
    let file = path.display().to_string();
    let named = |source| OpenError::Database { file: file.clone(), source };
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A power cut may lose the last requests, a killed process may not.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .connect()
        .await
        .map_err(named)?;
    lay_out(&mut connection).await.map_err(named)?;
    match marks(&mut connection).await.map_err(named)? {
        (APPLICATION, VERSION) => Ok(connection),
        (APPLICATION, found) => Err(OpenError::Version { file, found }),
        _ => Err(OpenError::Foreign(file)),
    }
}

/// Makes the tables in an empty file. Two processes may try at once: the second finds them made. Where they are made
/// nothing is written, so that nobody is waited for who writes.
async fn lay_out(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    use sqlx::Connection as _;
    if !is_empty(connection).await? {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if is_empty(&mut transaction).await? {
        sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

async fn is_empty(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let tables = sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(connection).await?;
    Ok(tables.get::<i64, _>(0) == 0)
}

async fn marks(connection: &mut SqliteConnection) -> Result<(i64, i64), sqlx::Error> {
    let application = sqlx::query("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let version = sqlx::query("PRAGMA user_version").fetch_one(&mut *connection).await?;
    Ok((application.get(0), version.get(0)))
}
