//! Blobs: contents with a head that can be read without them.

use super::{Item, Shelf, ShelfError};
use bytes::Bytes;
use sqlx::Row;

/// A content and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob<H> {
    /// What is known about the content.
    pub head: H,
    /// The content.
    pub content: Bytes,
}

impl Shelf<'_> {
    /// Keeps a blob under `key` of `space`, instead of what was there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn put_blob<H: Item>(
        &mut self,
        space: &str,
        key: &str,
        blob: &Blob<H>,
    ) -> Result<(), ShelfError> {
        sqlx::query(
            "INSERT INTO blobs (space, key, head, content) VALUES (?, ?, ?, ?)
             ON CONFLICT (space, key) DO UPDATE SET head = excluded.head, content = excluded.content",
        )
        .bind(space)
        .bind(key)
        .bind(blob.head.write()?)
        .bind(blob.content.as_ref())
        .execute(&mut *self.connection)
        .await?;
        Ok(())
    }

    /// The blob under `key` of `space`.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn blob<H: Item>(
        &mut self,
        space: &str,
        key: &str,
    ) -> Result<Option<Blob<H>>, ShelfError> {
        sqlx::query("SELECT head, content FROM blobs WHERE space = ? AND key = ?")
            .bind(space)
            .bind(key)
            .fetch_optional(&mut *self.connection)
            .await?
            .map(|row| {
                let content: Vec<u8> = row.get(1);
                Ok(Blob { head: H::read(row.get(0))?, content: content.into() })
            })
            .transpose()
    }

    /// The head alone.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn blob_head<H: Item>(
        &mut self,
        space: &str,
        key: &str,
    ) -> Result<Option<H>, ShelfError> {
        sqlx::query("SELECT head FROM blobs WHERE space = ? AND key = ?")
            .bind(space)
            .bind(key)
            .fetch_optional(&mut *self.connection)
            .await?
            .map(|row| H::read(row.get(0)))
            .transpose()
    }

    /// Removes the blob, if there is one.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn delete_blob(&mut self, space: &str, key: &str) -> Result<(), ShelfError> {
        sqlx::query("DELETE FROM blobs WHERE space = ? AND key = ?")
            .bind(space)
            .bind(key)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }

    /// At most `limit` keys with heads, beginning with `prefix` and after `after`, by key.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn blob_heads<H: Item>(
        &mut self,
        space: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, H)>, ShelfError> {
        sqlx::query(
            "SELECT key, head FROM blobs
             WHERE space = ?1 AND key > ?2 AND key >= ?3 AND key < ?3 || char(1114111)
             ORDER BY key LIMIT ?4",
        )
        .bind(space)
        .bind(after)
        .bind(prefix)
        .bind(limit)
        .fetch_all(&mut *self.connection)
        .await?
        .iter()
        .map(|row| Ok((row.get(0), H::read(row.get(1))?)))
        .collect()
    }
}
