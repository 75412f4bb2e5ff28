//! One request, one transaction: it waits for its turn, and says whose turn it is if that takes too long.

use super::ServiceError;
use sqlx::{Sqlite, SqliteConnection, Transaction};

const BUSY: &str = "another process of the agent runs a script in this rehearsal, where one thing happens at a time: try \
                    again when that is done";

/// Begins a transaction that writes. Other processes write their own to the end first; one that runs a script may take as
/// long as that does.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
) -> Result<Transaction<'_, Sqlite>, ServiceError> {
    use sqlx::Connection as _;
    connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| {
        if is_busy(&error) { ServiceError::internal(BUSY) } else { ServiceError::internal(error) }
    })
}

/// Somebody else writes (`SQLITE_BUSY`, whose extended codes share the low byte).
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions as _, sqlite::SqliteConnectOptions};
    use std::time::Duration;

    #[tokio::test]
    async fn who_waits_too_long_is_told_for_whom() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("state.sqlite"))
            .create_if_missing(true)
            .busy_timeout(Duration::ZERO);
        let (mut one, mut other) =
            (options.connect().await.unwrap(), options.connect().await.unwrap());
        let writing = begin(&mut one).await.unwrap();
        let refused = begin(&mut other).await.unwrap_err();
        assert!(refused.message.starts_with("another process of the agent"), "{refused}");
        writing.rollback().await.unwrap();
        begin(&mut other).await.unwrap().rollback().await.unwrap();
    }
}
