//! Environments that a person has locked. While a hold lasts, no run begins to work there.

use super::column::text;
use super::{Store, StoreError, moment};
use crate::ids::EnvName;
use crate::queue::Hold;
use jiff::Timestamp;
use sqlx::{Any, Row as _, Transaction, any::AnyRow};

/// Whether the environment was free to be locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locking {
    /// It is locked now.
    Locked(Hold),
    /// Somebody has locked it before; nothing was changed.
    LockedBefore(Hold),
}

impl Store {
    /// Locks an environment until it is unlocked or `hold.until` has come.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn lock(&self, hold: Hold) -> Result<Locking, StoreError> {
        let mut write = self.begin_write().await?;
        if let Some(before) = held(&mut write, &hold.environment, self.now()).await? {
            return Ok(Locking::LockedBefore(before));
        }
        sqlx::query(
            "INSERT INTO holds (environment, reason, who, since, until) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (environment) DO UPDATE SET reason = $2, who = $3, since = $4, until = $5",
        )
        .bind(hold.environment.as_str())
        .bind(&hold.reason)
        .bind(&hold.who)
        .bind(hold.since.as_millisecond())
        .bind(hold.until.map(Timestamp::as_millisecond))
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(Locking::Locked(hold))
    }

    /// Unlocks an environment; the hold that it had, if it had one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unlock(&self, environment: &EnvName) -> Result<Option<Hold>, StoreError> {
        let mut write = self.begin_write().await?;
        let before = held(&mut write, environment, self.now()).await?;
        sqlx::query("DELETE FROM holds WHERE environment = $1")
            .bind(environment.as_str())
            .execute(&mut *write)
            .await?;
        write.commit().await?;
        Ok(before)
    }

    /// Every environment that is locked now.
    ///
    /// # Errors
    /// If the database fails. Whoever cannot read this must not deploy.
    pub async fn holds(&self) -> Result<Vec<Hold>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM holds WHERE until IS NULL OR until > $1 ORDER BY environment",
        )
        .bind(self.now())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(hold).collect()
    }
}

/// The hold on an environment, if it lasts.
pub(super) async fn held(
    write: &mut Transaction<'static, Any>,
    environment: &EnvName,
    now: i64,
) -> Result<Option<Hold>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM holds WHERE environment = $1 AND (until IS NULL OR until > $2)")
            .bind(environment.as_str())
            .bind(now)
            .fetch_optional(&mut **write)
            .await?;
    row.as_ref().map(hold).transpose()
}

fn hold(row: &AnyRow) -> Result<Hold, StoreError> {
    let until: Option<i64> = row.try_get("until")?;
    Ok(Hold {
        environment: text(row, "environment", "an environment name")?,
        reason: row.try_get("reason")?,
        who: row.try_get("who")?,
        since: moment(row.try_get("since")?)?,
        until: until.map(moment).transpose()?,
    })
}
