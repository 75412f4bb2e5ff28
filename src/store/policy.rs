//! Which environment files a run is applied with.

use super::{Lease, Store, StoreError};
use crate::ids::Sha;

impl Store {
    /// Settles that a run is applied with the environment files of `policy`, unless that is settled: once, whoever goes
    /// on with the run.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn settle_policy(&self, lease: &Lease, policy: &Sha) -> Result<(), StoreError> {
        self.renew(lease).await?;
        sqlx::query(
            "UPDATE runs SET policy = $2 WHERE id = $1 AND policy IS NULL
             AND EXISTS (SELECT 1 FROM leases WHERE run = $1 AND fence = $3)",
        )
        .bind(lease.run.as_str())
        .bind(policy.as_str())
        .bind(lease.fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
