//! The agent's memory: runs, their events, leases, evidence, locks, answers, log cursors and watched executions,
//! in a SQLite file, or in Postgres for a fleet.
//!
//! A run is leased before anything is written about it, and every such write names the lease's fence: a
//! process that lost its lease (it hung, another took over) changes nothing any more. Whatever was answered
//! survives `kill -9`. A power cut can take the last moments of a SQLite file but leaves no damage; Postgres syncs as
//! its `synchronous_commit` says.
//!
//! Times come from the [`Clock`](crate::clock::Clock), with one exception. When a lease ends, when a run was made and when
//! a delivery came is compared by other processes than the one that wrote it. On one machine they share a clock. The
//! machines of a fleet do not, so on Postgres the server's clock says when a lease ends and whether it has, and which of
//! two runs came first. Clocks that tests turn by hand count all the same once [`Store::with_time_of_agents`] says so.

mod acts;
mod address;
mod agents;
mod answers;
mod claims;
mod column;
mod cursors;
mod database;
mod deliveries;
mod error;
mod events;
mod evidence;
mod facts;
mod heads;
mod certainty;
mod holds;
mod lanes;
mod leases;
mod line;
mod log_parts;
mod making;
mod listing;
mod observing;
mod outbox;
mod owner;
mod policy;
mod requests;
mod runs;
mod schema;
mod taking_up;
mod watching;

pub use address::{BadAddress, StoreAddress};
pub use agents::{AgentRecord, NewAgent, Presence};
pub use answers::{Answer, Answered, Says};
pub use cursors::LogCursor;
pub use deliveries::{Delivery, Kept, NewDelivery, Via};
pub use error::StoreError;
pub use events::StoredEvent;
pub use facts::Facts;
pub use holds::Locking;
pub use lanes::{Claim, Claimant, Place};
pub use leases::{LEASE_DURATION, Lease};
pub use line::OpenRun;
pub use listing::{Ended, RunFilter};
pub use log_parts::{Keeper, KeptPart};
pub use making::{Ask, Found, NewRun, Reused};
pub use observing::{Figures, Waiting};
pub use outbox::{
    Due, OutboxLease, OutboxRow, Silence, Tale, Tries, Unsaid, Untold, Wanted, Which,
};
pub use owner::Owner;
pub use requests::{RequestClaim, RequestKey};
pub use runs::RunRecord;
pub use taking_up::TakenUp;
pub use watching::{Progress, WatchLease, WatchedExecution};

use crate::clock::Clock;
use certainty::Certainties;
use database::{CommonTime, Database, Durability, Use};
use jiff::Timestamp;
use std::{path::Path, sync::Arc, time::Duration};

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    address: StoreAddress,
    database: Database,
    pool: sqlx::AnyPool,
    /// Connections for what writes. One only where one write is admitted at a time anyway: here they take turns, while
    /// SQLite lets whoever comes at a bad moment sleep for ever longer. Single writes of a stage's attempt go through
    /// `pool` all the same: while its run waits for its turn here, its attempts stand still with whatever they hold.
    writes: sqlx::AnyPool,
    clock: Arc<dyn Clock>,
    owner: Owner,
    certainties: Certainties,
    common_time: CommonTime,
    lease_duration: Duration,
}

impl Store {
    /// Opens the store in a SQLite `file`, creating and migrating it as needed.
    ///
    /// # Errors
    /// If the file cannot be opened, or was written by a newer agent.
    pub async fn open(file: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::connect(StoreAddress::file(file), clock).await
    }

    /// Opens the store at `address`, creating and migrating it as needed. Any number of agents may do so at once.
    ///
    /// # Errors
    /// If it cannot be reached, or was written by a newer agent.
    pub async fn connect(address: StoreAddress, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let pool = database::connect(address.place(), Use::General, clock.as_ref()).await?;
        let database = Database::of(address.place());
        schema::migrate(database, &pool).await?;
        let writes = match database {
            Database::Sqlite => database::connect_when_needed(address.place(), Use::Writes)?,
            Database::Postgres => pool.clone(),
        };
        Ok(Self {
            database,
            pool,
            writes,
            clock,
            owner: Owner::this_process()?,
            certainties: Certainties::default(),
            common_time: match database {
                Database::Sqlite => CommonTime::Ours,
                Database::Postgres => CommonTime::Databases,
            },
            lease_duration: LEASE_DURATION,
            address,
        })
    }

    /// The same store over a connection of its own, which belongs to the runtime that asks: what it
    /// [renews](Self::renew_all) are the leases of this one.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn beside(&self) -> Result<Self, StoreError> {
        let place = self.address.place();
        let pool = database::connect(place, Use::Renewals, self.clock.as_ref()).await?;
        Ok(Self { writes: pool.clone(), pool, ..self.clone() })
    }

    /// The same store with leases that last so long.
    #[must_use]
    pub fn with_lease_duration(self, lease_duration: Duration) -> Self {
        Self { lease_duration, ..self }
    }

    /// The same store, where the clock counts that it was opened with whatever the database's clock says: for agents that
    /// share a clock.
    #[must_use]
    pub fn with_time_of_agents(self) -> Self {
        Self { common_time: CommonTime::Ours, ..self }
    }

    /// The same store as another process would see it; it holds no lease yet.
    #[must_use]
    pub fn as_seen_by(self, owner: Owner) -> Self {
        Self { owner, certainties: Certainties::default(), ..self }
    }

    /// How long a lease lasts unless it is renewed.
    #[must_use]
    pub fn lease_duration(&self) -> Duration {
        self.lease_duration
    }

    /// Is it shared by machines that do not see each other's processes? Then leases live by being renewed alone.
    #[must_use]
    pub fn is_of_a_fleet(&self) -> bool {
        match self.database {
            Database::Sqlite => false,
            Database::Postgres => true,
        }
    }

    /// Where it is, without secrets.
    #[must_use]
    pub fn address(&self) -> &StoreAddress {
        &self.address
    }

    /// Brings what was written of late from the log into the file, if there is a file, as far as nobody is in the way.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn checkpoint(&self) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(self.database.only_sqlite(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)").await?)
    }

    /// Closes every connection, so that a file can be moved or removed.
    pub async fn close(&self) {
        self.writes.close().await;
        self.pool.close().await;
    }

    /// A transaction that reads, decides and writes while nobody else writes.
    async fn begin_write(&self) -> Result<sqlx::Transaction<'static, sqlx::Any>, StoreError> {
        let mut write = self.writes.begin_with(self.database.begin(Durability::Process)).await?;
        self.database.alone(&mut write).await?;
        Ok(write)
    }

    /// A transaction that writes about a leased run: from here to its end nobody takes the run over.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if somebody has.
    async fn begin_leased(
        &self,
        lease: &Lease,
    ) -> Result<sqlx::Transaction<'static, sqlx::Any>, StoreError> {
        let mut write = self.writes.begin_with(self.database.begin(Durability::Process)).await?;
        self.database.beside_others(&mut write).await?;
        // Changes nothing and locks the row, which whoever takes the run over must change.
        let held = sqlx::query("UPDATE leases SET fence = $2 WHERE run = $1 AND fence = $2")
            .bind(lease.run.as_str())
            .bind(lease.fence)
            .execute(&mut *write)
            .await?;
        lease.expect_one(held.rows_affected())?;
        Ok(write)
    }

    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// What shows how long a lease has been held, though the clock be set.
    fn steady(&self) -> i64 {
        milliseconds(self.clock.steady())
    }

    /// The moment of what comes now: later than that of every run there is, though the clock be set back. Of runs that are
    /// made while nobody else writes no two have the same.
    async fn next_moment(&self, connection: &mut sqlx::AnyConnection) -> Result<i64, StoreError> {
        let now = self.common_now(connection).await?;
        let last: Option<i64> =
            sqlx::query_scalar("SELECT MAX(created_at) FROM runs").fetch_one(connection).await?;
        Ok(last.map_or(now, |last| now.max(last + 1)))
    }

    /// What time it is for all agents.
    async fn common_now(&self, connection: &mut sqlx::AnyConnection) -> Result<i64, StoreError> {
        match self.common_time {
            CommonTime::Ours => Ok(self.now()),
            // Not `now()`, which stands still from the beginning of a transaction that may have waited.
            CommonTime::Databases => Ok(sqlx::query_scalar(
                "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
            )
            .fetch_one(connection)
            .await?),
        }
    }
}

fn moment(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|_| StoreError::corrupt("a time", &milliseconds.to_string()))
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
