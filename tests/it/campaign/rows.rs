//! The agents' database, read past them.

use super::{Store, ground::Audience};
use serde_json::Value;
use sqlx::{AnyConnection, Connection as _, Row as _};
use std::{path::Path, time::Duration};

/// Waits for a writer, and for a database that is not there yet.
const MOST_TRIES: usize = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

/// What the last run of a round may leave to the next.
pub(super) const UNSENT: &str = "runs with unsent lines";

/// What nobody looks after where there is nobody to tell.
const UNTOLD: &str = "runs not told to their end";

/// A connection of its own.
pub(super) struct Rows(AnyConnection);

/// A run, as far as it is looked at.
#[derive(Debug, Clone)]
pub(super) struct RunRow {
    pub(super) id: String,
    pub(super) commit: String,
    /// None while it is open.
    pub(super) outcome: Option<Value>,
}

impl Rows {
    /// Waits until there is something to read.
    pub(super) async fn open(store: &Store, state: &Path) -> Self {
        sqlx::any::install_default_drivers();
        let address = match store {
            Store::File => format!("sqlite://{}?mode=rw", state.join("agent.sqlite").display()),
            Store::Postgres(address) => address.clone(),
        };
        for _ in 0..MOST_TRIES {
            if let Ok(connection) = AnyConnection::connect(&address).await {
                let mut rows = Self(connection);
                if rows.try_number("SELECT COUNT(*) FROM agents").await.is_ok() {
                    return rows;
                }
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("no database at {address}");
    }

    async fn try_number(&mut self, question: &'static str) -> sqlx::Result<i64> {
        sqlx::query_scalar(question).fetch_one(&mut self.0).await
    }

    /// One number. Asked again while the database is busy with others.
    pub(super) async fn number(&mut self, question: &'static str) -> i64 {
        for _ in 0..MOST_TRIES {
            if let Ok(number) = self.try_number(question).await {
                return number;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        self.try_number(question).await.unwrap()
    }

    /// Texts, the columns of a row joined by a blank.
    pub(super) async fn texts(&mut self, question: &'static str) -> Vec<String> {
        let rows = sqlx::query(question).fetch_all(&mut self.0).await.unwrap();
        let text = |row: &sqlx::any::AnyRow| {
            let columns = (0..row.len()).map(|at| row.get::<String, _>(at));
            columns.collect::<Vec<_>>().join(" ")
        };
        rows.iter().map(text).collect()
    }

    /// Every run, oldest first.
    pub(super) async fn runs(&mut self) -> Vec<RunRow> {
        let question = "SELECT id, commit_id, outcome FROM runs ORDER BY created_at, id";
        let rows = sqlx::query(question).fetch_all(&mut self.0).await.unwrap();
        let run = |row: &sqlx::any::AnyRow| RunRow {
            id: row.get("id"),
            commit: row.get("commit_id"),
            outcome: row
                .get::<Option<String>, _>("outcome")
                .map(|text| serde_json::from_str(&text).unwrap()),
        };
        rows.iter().map(run).collect()
    }

    /// The execution that each run has written down, by the run.
    pub(super) async fn executions(&mut self) -> Vec<(String, Value)> {
        let question = "SELECT run, value FROM evidence WHERE name = 'execution-of-train-test'";
        let rows = sqlx::query(question).fetch_all(&mut self.0).await.unwrap();
        let execution = |row: &sqlx::any::AnyRow| {
            (row.get("run"), serde_json::from_str(&row.get::<String, _>("value")).unwrap())
        };
        rows.iter().map(execution).collect()
    }

    /// An open run that has begun to train.
    pub(super) async fn training(&mut self) -> Option<String> {
        let question = "SELECT run FROM evidence WHERE name = 'execution-of-train-test'
             AND run IN (SELECT id FROM runs WHERE outcome IS NULL)";
        let found = sqlx::query_scalar(question).fetch_optional(&mut self.0).await;
        found.unwrap_or_default()
    }

    /// What happened to a run, with the moments.
    pub(super) async fn events(&mut self, run: &str) -> Vec<(i64, Value)> {
        let question = "SELECT at, event FROM events WHERE run = $1 ORDER BY seq";
        let rows = sqlx::query(question).bind(run).fetch_all(&mut self.0).await.unwrap();
        let event = |row: &sqlx::any::AnyRow| {
            (row.get("at"), serde_json::from_str(&row.get::<String, _>("event")).unwrap())
        };
        rows.iter().map(event).collect()
    }

    /// Was this commit heard of?
    pub(super) async fn has_heard_of(&mut self, commit: &str) -> bool {
        let question = "SELECT COUNT(*) FROM deliveries WHERE body LIKE $1";
        let asked = sqlx::query_scalar::<_, i64>(question).bind(format!("%{commit}%"));
        asked.fetch_one(&mut self.0).await.is_ok_and(|number| number > 0)
    }

    /// Is nothing left to do? If not, what. Of a fleet, each agent has the lines of its own attempts, and who drove a run
    /// last does not have them all.
    pub(super) async fn unrest(&mut self, (store, audience): (&Store, Audience)) -> Option<String> {
        for (what, question) in [
            ("open runs", "SELECT COUNT(*) FROM runs WHERE outcome IS NULL"),
            ("deliveries without verdict", "SELECT COUNT(*) FROM deliveries WHERE verdict IS NULL"),
            ("leases", "SELECT COUNT(*) FROM leases WHERE owner IS NOT NULL"),
            ("unsaid sayings", "SELECT COUNT(*) FROM outbox WHERE state = 'wanted'"),
            (
                UNTOLD,
                "SELECT COUNT(*) FROM runs WHERE id NOT IN (SELECT run FROM told WHERE finished = 1)",
            ),
            (UNSENT, "SELECT COUNT(*) FROM runs WHERE logs_shipped = 0"),
        ] {
            let number = self.number(question).await;
            let counts = match what {
                UNSENT => matches!(store, Store::File),
                UNTOLD => audience != Audience::Nobody,
                _ => true,
            };
            if counts && number > 0 {
                return Some(format!("{number} {what}"));
            }
        }
        None
    }
}
