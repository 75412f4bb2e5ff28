//! The agents that take runs: who they are, what they have, when they were last heard of.
//!
//! Rows for people and for the answer to "why does nobody take it?". Who may write about a run is decided by leases alone.

use super::column::{from_json, json, text};
use super::{Owner, Store, StoreError, milliseconds, moment};
use crate::ids::{AgentId, AgentName, Label};
use crate::queue::Reason;
use jiff::Timestamp;
use sqlx::{Row as _, any::AnyRow};
use std::{collections::BTreeSet, time::Duration};

/// An agent that was not heard of for so long is forgotten when the next one starts.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// An agent that begins to take runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgent {
    /// What people call it, if not after its machine.
    pub name: Option<AgentName>,
    /// Its version.
    pub version: String,
    /// What it is or has.
    pub labels: BTreeSet<Label>,
}

/// An agent as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRecord {
    /// Id.
    pub id: AgentId,
    /// The process.
    pub owner: Owner,
    /// What people call it, if not after its machine.
    pub name: Option<AgentName>,
    /// Its version.
    pub version: String,
    /// What it is or has.
    pub labels: BTreeSet<Label>,
    /// When it began to take runs.
    pub started: Timestamp,
    /// When it was last heard of.
    pub seen: Timestamp,
    /// Whether it is there.
    pub presence: Presence,
    /// Runs it holds.
    pub runs: u64,
    /// Why it takes no run at the moment, if it does not.
    pub obstacle: Option<Reason>,
}

/// Whether an agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// It takes runs.
    Working,
    /// It ends what it has and takes no more.
    Draining,
    /// Its process is gone, or was not heard of for as long as a lease lasts.
    Lost,
}

impl Store {
    /// Makes this process known as an agent, and forgets those that were lost long ago.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn enlist(&self, new: &NewAgent) -> Result<AgentId, StoreError> {
        let id = AgentId::from(uuid::Uuid::now_v7());
        let mut write = self.begin_write().await?;
        let now = self.common_now(&mut write).await?;
        sqlx::query("DELETE FROM agents WHERE seen_at < $1 OR owner = $2")
            .bind(now - milliseconds(FORGOTTEN_AFTER))
            .bind(json(&self.owner)?)
            .execute(&mut *write)
            .await?;
        sqlx::query(
            "INSERT INTO agents (id, owner, name, version, labels, started_at, seen_at, draining)
             VALUES ($1, $2, $3, $4, $5, $6, $6, 0)",
        )
        .bind(id.as_str())
        .bind(json(&self.owner)?)
        .bind(new.name.as_ref().map(AgentName::as_str))
        .bind(&new.version)
        .bind(json(&new.labels)?)
        .bind(now)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(id)
    }

    /// Notes that this process is there, if it is known as an agent.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn is_there(&self) -> Result<(), StoreError> {
        let mut connection = self.writes.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        sqlx::query("UPDATE agents SET seen_at = $2 WHERE owner = $1")
            .bind(json(&self.owner)?)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        Ok(())
    }

    /// Notes why this process takes no run at the moment, if it is known as an agent; nothing if it would take one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_obstacle(&self, why: Option<&Reason>) -> Result<(), StoreError> {
        sqlx::query("UPDATE agents SET obstacle = $2 WHERE owner = $1")
            .bind(json(&self.owner)?)
            .bind(why.map(json).transpose()?)
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Notes that an agent takes no more runs.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn drains(&self, agent: &AgentId) -> Result<(), StoreError> {
        sqlx::query("UPDATE agents SET draining = 1 WHERE id = $1")
            .bind(agent.as_str())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Forgets an agent that has ended.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn discharge(&self, agent: &AgentId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM agents WHERE id = $1")
            .bind(agent.as_str())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// The agents, in the order they began.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn agents(&self) -> Result<Vec<AgentRecord>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let now = self.common_now(&mut connection).await?;
        let rows = sqlx::query(
            "SELECT agents.*, (SELECT COUNT(*) FROM leases WHERE leases.owner = agents.owner
             AND leases.expires_at > $1) AS runs FROM agents ORDER BY started_at, id",
        )
        .bind(now)
        .fetch_all(&mut *connection)
        .await?;
        rows.iter().map(|row| self.agent(row, now)).collect()
    }

    fn agent(&self, row: &AnyRow, now: i64) -> Result<AgentRecord, StoreError> {
        let seen: i64 = row.try_get("seen_at")?;
        let owner: Owner = from_json(row.try_get("owner")?, "an agent's process")?;
        let until = seen + milliseconds(self.lease_duration);
        let lives = self.living_owner(Some(row.try_get("owner")?), until, now)?.is_some();
        let presence = if !lives {
            Presence::Lost
        } else if row.try_get::<i64, _>("draining")? == 1 {
            Presence::Draining
        } else {
            Presence::Working
        };
        let name: Option<&str> = row.try_get("name")?;
        let name =
            name.map(|name| name.parse().map_err(|_| StoreError::corrupt("an agent's name", name)));
        let obstacle: Option<&str> = row.try_get("obstacle")?;
        Ok(AgentRecord {
            obstacle: obstacle.map(|text| from_json(text, "a reason")).transpose()?,
            name: name.transpose()?,
            id: text(row, "id", "an agent's id")?,
            owner,
            version: row.try_get("version")?,
            labels: from_json(row.try_get("labels")?, "labels")?,
            started: moment(row.try_get("started_at")?)?,
            seen: moment(seen)?,
            presence,
            runs: super::count(row.try_get("runs")?),
        })
    }
}
