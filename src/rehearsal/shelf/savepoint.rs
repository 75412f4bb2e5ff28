//! A part of a request that may fail alone: what it wrote is then taken back, and the request goes on.

use super::{Shelf, ShelfError};
use sqlx::{Connection as _, Sqlite, Transaction};

/// A part of the request's transaction. Dropped without [`Savepoint::keep`], it leaves no trace.
pub(in crate::rehearsal) struct Savepoint<'t>(Transaction<'t, Sqlite>);

impl Shelf<'_> {
    /// Begins a part that may be taken back.
    pub(in crate::rehearsal) async fn savepoint(&mut self) -> Result<Savepoint<'_>, ShelfError> {
        Ok(Savepoint(self.connection.begin().await?))
    }

    /// The same state in the same transaction, lent on.
    pub(in crate::rehearsal) fn lend(&mut self) -> Shelf<'_> {
        Shelf { connection: &mut *self.connection }
    }
}

impl Savepoint<'_> {
    /// The state as the part sees and changes it.
    pub(in crate::rehearsal) fn shelf(&mut self) -> Shelf<'_> {
        Shelf { connection: &mut self.0 }
    }

    /// Makes what was written a part of the request.
    pub(in crate::rehearsal) async fn keep(self) -> Result<(), ShelfError> {
        Ok(self.0.commit().await?)
    }

    /// Takes back what was written.
    pub(in crate::rehearsal) async fn undo(self) -> Result<(), ShelfError> {
        Ok(self.0.rollback().await?)
    }
}
