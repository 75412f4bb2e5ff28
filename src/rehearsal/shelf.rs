//! The state: one SQLite file, seen through the transaction of one request.
//!
//! Items are serde structs kept by place, kind and name, listed in the order of their names; blobs
//! have a head and a content; log events have a table of their own. Invariant: what a [`Shelf`] wrote
//! is seen by others only once its request has succeeded.

mod blobs;
mod everywhere;
mod items;
mod log_lines;
mod open;
mod savepoint;

pub use blobs::Blob;
pub use items::Item;
pub use open::OpenError;

pub(super) use log_lines::{Direction, LogLine, LogQuery, Position};
pub(super) use open::open;

use sqlx::SqliteConnection;

/// The state as one request sees it.
pub struct Shelf<'t> {
    connection: &'t mut SqliteConnection,
}

/// The state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The database refused.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored item is not what this version writes.
    #[error("stored {kind} is unreadable: {cause}")]
    Unreadable {
        /// Kind of the item.
        kind: &'static str,
        /// What was wrong.
        cause: serde_json::Error,
    },
}

impl<'t> Shelf<'t> {
    pub(super) fn new(connection: &'t mut SqliteConnection) -> Self {
        Self { connection }
    }
}
