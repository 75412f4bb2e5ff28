//! Items: serde structs by place, kind and name.

use super::{Shelf, ShelfError};
use crate::rehearsal::Place;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::Row;

/// A struct that can be kept.
pub trait Item: Serialize + DeserializeOwned {
    /// What it is; part of its key.
    const KIND: &'static str;

    /// The item as text.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    fn write(&self) -> Result<String, ShelfError> {
        serde_json::to_string(self)
            .map_err(|cause| ShelfError::Unreadable { kind: Self::KIND, cause })
    }

    /// The item from text.
    ///
    /// # Errors
    /// It is not what this version writes.
    fn read(text: &str) -> Result<Self, ShelfError> {
        serde_json::from_str(text)
            .map_err(|cause| ShelfError::Unreadable { kind: Self::KIND, cause })
    }
}

/// The (account, region) of things that stand in none.
const NOWHERE: (&str, &str) = ("", "");

fn key(place: &Place) -> (&str, &str) {
    (place.account.as_str(), place.region.as_str())
}

impl Shelf<'_> {
    /// The item of this name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn get<T: Item>(
        &mut self,
        place: &Place,
        name: &str,
    ) -> Result<Option<T>, ShelfError> {
        self.get_at(key(place), name).await
    }

    /// The item of this name that stands in no account.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn get_global<T: Item>(&mut self, name: &str) -> Result<Option<T>, ShelfError> {
        self.get_at(NOWHERE, name).await
    }

    /// Keeps the item under this name, instead of what was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn put<T: Item>(
        &mut self,
        place: &Place,
        name: &str,
        item: &T,
    ) -> Result<(), ShelfError> {
        self.put_at(key(place), name, item).await
    }

    /// Keeps the item under this name in no account.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn put_global<T: Item>(&mut self, name: &str, item: &T) -> Result<(), ShelfError> {
        self.put_at(NOWHERE, name, item).await
    }

    /// Removes the item; `false` if there was none.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn delete<T: Item>(&mut self, place: &Place, name: &str) -> Result<bool, ShelfError> {
        let (account, region) = key(place);
        let done = sqlx::query(
            "DELETE FROM items WHERE account = ? AND region = ? AND kind = ? AND name = ?",
        )
        .bind(account)
        .bind(region)
        .bind(T::KIND)
        .bind(name)
        .execute(&mut *self.connection)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// At most `limit` items whose names begin with `prefix` and come after `after`, by name.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn list<T: Item>(
        &mut self,
        place: &Place,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, T)>, ShelfError> {
        let (account, region) = key(place);
        sqlx::query(
            "SELECT name, body FROM items
             WHERE account = ?1 AND region = ?2 AND kind = ?3 AND name > ?4
               AND name >= ?5 AND name < ?5 || char(1114111)
             ORDER BY name LIMIT ?6",
        )
        .bind(account)
        .bind(region)
        .bind(T::KIND)
        .bind(after)
        .bind(prefix)
        .bind(limit)
        .fetch_all(&mut *self.connection)
        .await?
        .iter()
        .map(|row| Ok((row.get(0), T::read(row.get(1))?)))
        .collect()
    }

    /// Removes the items that stand in no account and whose `expires` lies before `time`.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn forget_expired<T: Item>(&mut self, time: Timestamp) -> Result<(), ShelfError> {
        sqlx::query(
            "DELETE FROM items
             WHERE account = '' AND region = '' AND kind = ? AND body ->> 'expires' < ?",
        )
        .bind(T::KIND)
        .bind(time.to_string())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// The next number of the counter of this name: 1, 2, 3, …
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn count_up(&mut self, counter: &str) -> Result<i64, ShelfError> {
        let row = sqlx::query(
            "INSERT INTO counters (name, value) VALUES (?, 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        )
        .bind(counter)
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(row.get(0))
    }

    async fn get_at<T: Item>(
        &mut self,
        (account, region): (&str, &str),
        name: &str,
    ) -> Result<Option<T>, ShelfError> {
        sqlx::query(
            "SELECT body FROM items WHERE account = ? AND region = ? AND kind = ? AND name = ?",
        )
        .bind(account)
        .bind(region)
        .bind(T::KIND)
        .bind(name)
        .fetch_optional(&mut *self.connection)
        .await?
        .map(|row| T::read(row.get(0)))
        .transpose()
    }

    async fn put_at<T: Item>(
        &mut self,
        (account, region): (&str, &str),
        name: &str,
        item: &T,
    ) -> Result<(), ShelfError> {
        sqlx::query(
            "INSERT OR REPLACE INTO items (account, region, kind, name, body) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(account)
        .bind(region)
        .bind(T::KIND)
        .bind(name)
        .bind(item.write()?)
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }
}
