//! Log events, ordered by time and then by arrival.

use super::{Shelf, ShelfError};
use crate::rehearsal::Place;
use sqlx::{Row, sqlite::SqliteRow};

/// One line of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rehearsal) struct LogLine {
    pub(in crate::rehearsal) stream: String,
    /// Milliseconds since 1970, as the writer said.
    pub(in crate::rehearsal) timestamp: i64,
    /// Milliseconds since 1970, when it came.
    pub(in crate::rehearsal) ingestion: i64,
    pub(in crate::rehearsal) message: String,
    /// Number of arrival; the database gives it.
    pub(in crate::rehearsal) id: i64,
}

/// A place between lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rehearsal) struct Position {
    pub(in crate::rehearsal) timestamp: i64,
    pub(in crate::rehearsal) id: i64,
}

impl Position {
    /// Before every line.
    pub(in crate::rehearsal) const START: Self = Self { timestamp: -1, id: 0 };
    /// Behind every line.
    pub(in crate::rehearsal) const END: Self = Self { timestamp: i64::MAX, id: i64::MAX };
}

impl LogLine {
    pub(in crate::rehearsal) fn position(&self) -> Position {
        Position { timestamp: self.timestamp, id: self.id }
    }
}

/// Which way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rehearsal) enum Direction {
    /// Later lines, oldest first.
    Forward,
    /// Earlier lines, newest first.
    Backward,
}

/// Which lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rehearsal) struct LogQuery {
    /// Of this group.
    pub(in crate::rehearsal) group: String,
    /// Of these streams; of all that begin with `prefix` if empty.
    pub(in crate::rehearsal) streams: Vec<String>,
    pub(in crate::rehearsal) prefix: String,
    /// First timestamp, inclusive.
    pub(in crate::rehearsal) first: i64,
    /// Last timestamp, inclusive.
    pub(in crate::rehearsal) last: i64,
}

const FORWARD: &str = "
SELECT id, stream, timestamp, ingestion, message FROM log_events
WHERE account = ?1 AND region = ?2 AND log_group = ?3
  AND (timestamp, id) > (?4, ?5) AND timestamp BETWEEN ?6 AND ?7
  AND stream >= ?8 AND stream < ?8 || char(1114111)
  AND (?9 = '[]' OR stream IN (SELECT value FROM json_each(?9)))
ORDER BY timestamp, id LIMIT ?10";

const BACKWARD: &str = "
SELECT id, stream, timestamp, ingestion, message FROM log_events
WHERE account = ?1 AND region = ?2 AND log_group = ?3
  AND (timestamp, id) < (?4, ?5) AND timestamp BETWEEN ?6 AND ?7
  AND stream >= ?8 AND stream < ?8 || char(1114111)
  AND (?9 = '[]' OR stream IN (SELECT value FROM json_each(?9)))
ORDER BY timestamp DESC, id DESC LIMIT ?10";

impl Shelf<'_> {
    /// Keeps lines of one stream, given as (timestamp, message), in one statement.
    pub(in crate::rehearsal) async fn append_log_lines(
        &mut self,
        place: &Place,
        (group, stream): (&str, &str),
        ingestion: i64,
        lines: &[(i64, &str)],
    ) -> Result<(), ShelfError> {
        let lines = serde_json::json!(lines).to_string();
        sqlx::query(
            "INSERT INTO log_events (account, region, log_group, stream, timestamp, ingestion, message)
             SELECT ?1, ?2, ?3, ?4, value ->> 0, ?5, value ->> 1 FROM json_each(?6) ORDER BY key",
        )
        .bind(place.account.as_str())
        .bind(place.region.as_str())
        .bind(group)
        .bind(stream)
        .bind(ingestion)
        .bind(lines)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// Removes the lines of a group from before `timestamp`.
    pub(in crate::rehearsal) async fn forget_log_lines(
        &mut self,
        place: &Place,
        group: &str,
        timestamp: i64,
    ) -> Result<(), ShelfError> {
        sqlx::query(
            "DELETE FROM log_events
             WHERE account = ? AND region = ? AND log_group = ? AND timestamp < ?",
        )
        .bind(place.account.as_str())
        .bind(place.region.as_str())
        .bind(group)
        .bind(timestamp)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// At most `limit` lines from a position on, in the order they are read.
    pub(in crate::rehearsal) async fn log_lines(
        &mut self,
        place: &Place,
        query: &LogQuery,
        (direction, from): (Direction, Position),
        limit: u32,
    ) -> Result<Vec<LogLine>, ShelfError> {
        let sql = match direction {
            Direction::Forward => FORWARD,
            Direction::Backward => BACKWARD,
        };
        let streams = serde_json::Value::from(query.streams.clone()).to_string();
        let rows = sqlx::query(sql)
            .bind(place.account.as_str())
            .bind(place.region.as_str())
            .bind(&query.group)
            .bind(from.timestamp)
            .bind(from.id)
            .bind(query.first)
            .bind(query.last)
            .bind(&query.prefix)
            .bind(streams)
            .bind(limit)
            .fetch_all(&mut *self.connection)
            .await?;
        Ok(rows.iter().map(line).collect())
    }
}

fn line(row: &SqliteRow) -> LogLine {
    LogLine {
        id: row.get(0),
        stream: row.get(1),
        timestamp: row.get(2),
        ingestion: row.get(3),
        message: row.get(4),
    }
}
