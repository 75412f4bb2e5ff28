//! Which part of a run's log is kept where.
//!
//! Cursors are everybody's, files are on one machine. So an agent that takes a run over from another one begins a part of
//! its own, and what the other one kept is shipped by whoever has its files.

use super::column::text;
use super::{Lease, Store, StoreError};
use crate::ids::{AgentName, KeeperId, LogPart, RunId};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::{fmt, path::Path};

/// A folder of logs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Keeper {
    /// Id.
    pub id: KeeperId,
    /// What people call the agent that has it, if not after its machine.
    pub name: Option<AgentName>,
    /// Its machine.
    pub host: String,
    /// Where it is there.
    pub folder: String,
}

/// A part of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPart {
    /// Which.
    pub part: LogPart,
    /// Who keeps it.
    pub keeper: Keeper,
    /// Whether every line of it is accounted for.
    pub is_shipped: bool,
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "agent {name} ({}:{})", self.host, self.folder),
            None => write!(f, "agent {} ({})", self.host, self.folder),
        }
    }
}

impl Store {
    /// Makes known that this process keeps logs in `folder`, which has that id. A name that is known stays if none is
    /// given.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn keeps_logs(
        &self,
        (id, folder): (&KeeperId, &Path),
        name: Option<&AgentName>,
    ) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        self.note_keeper(&mut connection, (id, folder), name).await
    }

    /// The parts of a run's log, in their order.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn log_parts(&self, run: &RunId) -> Result<Vec<KeptPart>, StoreError> {
        let rows = sqlx::query(
            "SELECT log_parts.part, log_parts.shipped, log_keepers.* FROM log_parts
             JOIN log_keepers ON log_keepers.id = log_parts.keeper
             WHERE log_parts.run = $1 ORDER BY log_parts.part",
        )
        .bind(run.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(kept).collect()
    }

    /// Notes that every line of a run that is kept in this folder has been accounted for; with the last folder's, the
    /// run's are.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn logs_are_shipped(
        &self,
        lease: &Lease,
        keeper: &KeeperId,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_leased(lease).await?;
        mark(&mut write, (lease, keeper), 1).await?;
        sqlx::query(
            "UPDATE runs SET logs_shipped = 1 WHERE id = $1 AND NOT EXISTS
             (SELECT 1 FROM log_parts WHERE log_parts.run = runs.id AND log_parts.shipped = 0)",
        )
        .bind(lease.run.as_str())
        .execute(&mut *write)
        .await?;
        Ok(write.commit().await?)
    }

    /// Notes that lines came into this folder behind those that were accounted for.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the run was taken over, or if the database fails.
    pub async fn logs_have_grown(
        &self,
        lease: &Lease,
        keeper: &KeeperId,
    ) -> Result<(), StoreError> {
        let mut write = self.begin_leased(lease).await?;
        mark(&mut write, (lease, keeper), 0).await?;
        sqlx::query("UPDATE runs SET logs_shipped = 0 WHERE id = $1")
            .bind(lease.run.as_str())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Ended runs with lines in this folder that are not accounted for, oldest first, at most `most`. Of a run that
    /// nobody wrote a line of the same is to be noted, by anybody.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn runs_with_unsent_logs(
        &self,
        keeper: &KeeperId,
        most: u32,
    ) -> Result<Vec<RunId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM runs WHERE logs_shipped = 0 AND outcome IS NOT NULL AND (EXISTS
             (SELECT 1 FROM log_parts WHERE run = runs.id AND keeper = $1 AND shipped = 0)
             OR NOT EXISTS (SELECT 1 FROM log_parts WHERE run = runs.id))
             ORDER BY created_at LIMIT $2",
        )
        .bind(keeper.as_str())
        .bind(i64::from(most))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| text(row, "id", "a run id")).collect()
    }

    /// The part of a run's log that is written in a folder from now on: the newest, if it is there already, or a new
    /// one.
    pub(super) async fn begin_log_part(
        &self,
        write: &mut AnyConnection,
        run: &RunId,
        (id, folder): (&KeeperId, &Path),
    ) -> Result<LogPart, StoreError> {
        // Most runs begin with no part and in a folder that is known: nothing but the part is written for them.
        let there = sqlx::query(
            "SELECT COUNT(*) AS known, (SELECT MAX(part) FROM log_parts WHERE run = $1) AS part,
             (SELECT keeper FROM log_parts WHERE run = $1 ORDER BY part DESC LIMIT 1) AS keeper
             FROM log_keepers WHERE id = $2 AND host = $3 AND folder = $4",
        )
        .bind(run.as_str())
        .bind(id.as_str())
        .bind(&self.owner.host)
        .bind(folder.display().to_string())
        .fetch_one(&mut *write)
        .await?;
        if there.try_get::<i64, _>("known")? == 0 {
            self.note_keeper(write, (id, folder), None).await?;
        }
        let part = match there.try_get::<Option<&str>, _>("keeper")? {
            None => LogPart::FIRST,
            Some(newest) if newest == id.as_str() => part(&there)?,
            Some(_) => part(&there)?.next(),
        };
        sqlx::query(
            "INSERT INTO log_parts (run, part, keeper, shipped) VALUES ($1, $2, $3, 0)
             ON CONFLICT (run, part) DO UPDATE SET shipped = 0",
        )
        .bind(run.as_str())
        .bind(i64::from(part.0))
        .bind(id.as_str())
        .execute(write)
        .await?;
        Ok(part)
    }

    async fn note_keeper(
        &self,
        connection: &mut AnyConnection,
        (id, folder): (&KeeperId, &Path),
        name: Option<&AgentName>,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO log_keepers (id, name, host, folder) VALUES ($1, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE SET name = COALESCE($2, log_keepers.name),
             host = $3, folder = $4",
        )
        .bind(id.as_str())
        .bind(name.map(AgentName::as_str))
        .bind(&self.owner.host)
        .bind(folder.display().to_string())
        .execute(connection)
        .await?;
        Ok(())
    }
}

pub(super) fn part(row: &AnyRow) -> Result<LogPart, StoreError> {
    let part: i64 = row.try_get("part")?;
    let corrupt = |_| StoreError::corrupt("a part of a log", &part.to_string());
    u32::try_from(part).map(LogPart).map_err(corrupt)
}

/// Sets the flag of the parts of a run in one folder.
async fn mark(
    write: &mut AnyConnection,
    (lease, keeper): (&Lease, &KeeperId),
    shipped: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE log_parts SET shipped = $3 WHERE run = $1 AND keeper = $2")
        .bind(lease.run.as_str())
        .bind(keeper.as_str())
        .bind(shipped)
        .execute(write)
        .await?;
    Ok(())
}

fn kept(row: &AnyRow) -> Result<KeptPart, StoreError> {
    let name: Option<&str> = row.try_get("name")?;
    let name =
        name.map(|name| name.parse().map_err(|_| StoreError::corrupt("an agent's name", name)));
    let keeper = Keeper {
        id: text(row, "id", "the id of a folder of logs")?,
        name: name.transpose()?,
        host: row.try_get("host")?,
        folder: row.try_get("folder")?,
    };
    let is_shipped = row.try_get::<i64, _>("shipped")? == 1;
    Ok(KeptPart { part: part(row)?, keeper, is_shipped })
}
