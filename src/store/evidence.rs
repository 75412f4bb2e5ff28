//! Evidence: what a run's decisions rest on, kept by name.

use super::column::{from_json, json};
use super::{Lease, Store, StoreError};
use crate::ids::RunId;
use serde_json::Value;
use sqlx::Row as _;

impl Store {
    /// Keeps a piece of evidence; the same name again replaces it.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn keep_evidence(
        &self,
        lease: &Lease,
        name: &str,
        value: &Value,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_leased(lease).await?;
        sqlx::query(
            "INSERT INTO evidence (run, name, at, value) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run, name) DO UPDATE SET at = $3, value = $4",
        )
        .bind(lease.run.as_str())
        .bind(name)
        .bind(self.now())
        .bind(json(value)?)
        .execute(&mut *write)
        .await?;
        Ok(write.commit().await?)
    }

    /// One piece of a run's evidence.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn evidence(&self, run: &RunId, name: &str) -> Result<Option<Value>, StoreError> {
        let text: Option<String> =
            sqlx::query_scalar("SELECT value FROM evidence WHERE run = $1 AND name = $2")
                .bind(run.as_str())
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
        text.map(|text| from_json(&text, "evidence")).transpose()
    }

    /// All evidence of a run, in the order it was first kept.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn all_evidence(&self, run: &RunId) -> Result<Vec<(String, Value)>, StoreError> {
        let rows = sqlx::query("SELECT name, value FROM evidence WHERE run = $1 ORDER BY at, name")
            .bind(run.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, from_json(row.try_get("value")?, "evidence")?)))
            .collect()
    }
}
