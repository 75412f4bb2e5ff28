//! Where branches pointed to when they were last heard of, and GitHub's tag for asking again.

use super::column::text;
use super::{Store, StoreError};
use crate::ids::{BranchName, Sha};
use sqlx::Row as _;

impl Store {
    /// Where a branch pointed to, and the tag if it was GitHub that said so.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn known_head(
        &self,
        repository: &str,
        branch: &BranchName,
    ) -> Result<Option<(Sha, Option<String>)>, StoreError> {
        let row =
            sqlx::query("SELECT commit_id, etag FROM heads WHERE repository = $1 AND branch = $2")
                .bind(repository)
                .bind(branch.as_str())
                .fetch_optional(&self.pool)
                .await?;
        row.map(|row| Ok((text(&row, "commit_id", "a commit id")?, row.try_get("etag")?)))
            .transpose()
    }

    /// Keeps where a branch points to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keep_head(
        &self,
        (repository, branch): (&str, &BranchName),
        commit: &Sha,
        etag: Option<&str>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO heads (repository, branch, commit_id, etag, at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (repository, branch) DO UPDATE SET commit_id = $3, etag = $4, at = $5",
        )
        .bind(repository)
        .bind(branch.as_str())
        .bind(commit.as_str())
        .bind(etag)
        .bind(self.now())
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
