//! Items seen across accounts: what stands in none, and where there is something of a kind.

use super::{Item, Shelf, ShelfError};
use crate::rehearsal::Place;
use sqlx::Row;
use std::ops::Range;

impl Shelf<'_> {
    /// At most `limit` items that stand in no account, with names in `names`, by name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn list_global<T: Item>(
        &mut self,
        names: Range<&str>,
        limit: u32,
    ) -> Result<Vec<(String, T)>, ShelfError> {
        sqlx::query(
            "SELECT name, body FROM items
             WHERE account = '' AND region = '' AND kind = ? AND name >= ? AND name < ?
             ORDER BY name LIMIT ?",
        )
        .bind(T::KIND)
        .bind(names.start)
        .bind(names.end)
        .bind(limit)
        .fetch_all(&mut *self.connection)
        .await?
        .iter()
        .map(|row| Ok((row.get(0), T::read(row.get(1))?)))
        .collect()
    }

    /// The first name of an item that stands in no account.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn first_global<T: Item>(&mut self) -> Result<Option<String>, ShelfError> {
        let first = sqlx::query(
            "SELECT name FROM items WHERE account = '' AND region = '' AND kind = ?
             ORDER BY name LIMIT 1",
        )
        .bind(T::KIND)
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(first.map(|row| row.get(0)))
    }

    /// Removes the item that stands in no account; `false` if there was none.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn delete_global<T: Item>(&mut self, name: &str) -> Result<bool, ShelfError> {
        let done = sqlx::query(
            "DELETE FROM items WHERE account = '' AND region = '' AND kind = ? AND name = ?",
        )
        .bind(T::KIND)
        .bind(name)
        .execute(&mut *self.connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// The accounts and regions that have items of this kind.
    ///
    /// # Errors
    /// The state cannot be read, or holds no account and region there.
    pub async fn places_of<T: Item>(&mut self) -> Result<Vec<Place>, ShelfError> {
        let rows = sqlx::query(
            "SELECT DISTINCT account, region FROM items WHERE kind = ? AND account <> ''",
        )
        .bind(T::KIND)
        .fetch_all(&mut *self.connection)
        .await?;
        let place = |(account, region): (&str, &str)| {
            serde_json::from_value(serde_json::json!({ "account": account, "region": region }))
                .map_err(|cause| ShelfError::Unreadable { kind: T::KIND, cause })
        };
        rows.iter().map(|row| place((row.get(0), row.get(1)))).collect()
    }
}
