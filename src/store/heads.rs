//! Where branches pointed to when GitHub was last asked, and its tag for asking again.

use super::{Store, StoreError};
use crate::ids::{BranchName, Sha};

impl Store {
    /// GitHub's tag of where a branch pointed to.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn known_tag(
        &self,
        repository: &str,
        branch: &BranchName,
    ) -> Result<Option<String>, StoreError> {
        let tag: Option<Option<String>> =
            sqlx::query_scalar("SELECT etag FROM heads WHERE repository = $1 AND branch = $2")
                .bind(repository)
                .bind(branch.as_str())
                .fetch_optional(&self.pool)
                .await?;
        Ok(tag.flatten())
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
        .execute(&self.writes)
        .await?;
        Ok(())
    }
}
