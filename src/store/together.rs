//! Deliveries on the disk before they are acknowledged, many with one sync.
//!
//! Syncing takes milliseconds, whether for one row or for hundreds. So whoever has a delivery to keep puts it down and
//! waits for its turn at the one connection that syncs; whose turn it is writes everything that lies there in one
//! transaction, and those who find theirs done leave. No task is needed, and a caller that goes away takes nothing with
//! it but its own turn.

use super::StoreError;
use super::database::Database;
use super::deliveries::{Kept, NewDelivery};
use sqlx::{AnyConnection, AnyPool};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};
use tokio::sync::{Mutex, oneshot};

/// Rows of one transaction: others may write in between.
const MOST_TOGETHER: usize = 256;

/// One delivery that waits to be written.
#[derive(Debug)]
struct Waiting {
    new: NewDelivery,
    received_at: i64,
    done: oneshot::Sender<Result<Kept, StoreError>>,
}

impl Waiting {
    fn tell(self, kept: Result<Kept, StoreError>) {
        // A caller that has gone since need not hear.
        let _gone = self.done.send(kept);
    }
}

/// The way to the disk.
#[derive(Debug, Clone)]
pub(super) struct Together(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    pool: AnyPool,
    waiting: StdMutex<VecDeque<Waiting>>,
    turn: Mutex<()>,
}

impl Together {
    /// Writes over `pool`, whose commits are synced.
    pub(super) fn over(database: Database, pool: AnyPool) -> Self {
        let (waiting, turn) = Default::default();
        Self(Arc::new(Shared { database, pool, waiting, turn }))
    }

    /// Keeps a delivery; when this returns, it is on the disk.
    pub(super) async fn keep(
        &self,
        new: &NewDelivery,
        received_at: i64,
    ) -> Result<Kept, StoreError> {
        loop {
            let (done, mut kept) = oneshot::channel();
            self.waiting().push_back(Waiting { new: new.clone(), received_at, done });
            loop {
                let turn = self.0.turn.lock().await;
                match kept.try_recv() {
                    Ok(kept) => return kept,
                    // Whoever was about to write it went away.
                    Err(oneshot::error::TryRecvError::Closed) => break,
                    Err(oneshot::error::TryRecvError::Empty) => self.write().await,
                }
                drop(turn);
            }
        }
    }

    /// Writes the oldest of what waits. What the database refuses together it may take one by one: a single bad delivery
    /// spoils no other.
    async fn write(&self) {
        let batch: Vec<Waiting> = {
            let mut waiting = self.waiting();
            let most = waiting.len().min(MOST_TOGETHER);
            // Whose caller has gone is not written: nobody was told that it would be.
            waiting.drain(..most).filter(|one| !one.done.is_closed()).collect()
        };
        match self.commit(&batch).await {
            Ok(kept) => {
                for (one, kept) in batch.into_iter().zip(kept) {
                    one.tell(Ok(kept));
                }
            }
            Err(sqlx::Error::Database(_)) if batch.len() > 1 => {
                for one in batch {
                    let kept = self.commit(std::slice::from_ref(&one)).await;
                    let kept = kept.map(|kept| kept.first().copied().unwrap_or(Kept::Known));
                    one.tell(kept.map_err(StoreError::from));
                }
            }
            Err(error) => {
                let reason = error.to_string();
                for one in batch {
                    one.tell(Err(StoreError::Database(reason.clone().into())));
                }
            }
        }
    }

    async fn commit(&self, batch: &[Waiting]) -> Result<Vec<Kept>, sqlx::Error> {
        let mut kept = Vec::with_capacity(batch.len());
        let mut write = self.0.pool.begin_with(self.0.database.begin()).await?;
        for one in batch {
            kept.push(insert(&mut write, one).await?);
        }
        write.commit().await?;
        Ok(kept)
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<Waiting>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn close(&self) {
        self.0.pool.close().await;
    }
}

async fn insert(write: &mut AnyConnection, one: &Waiting) -> Result<Kept, sqlx::Error> {
    let kept = sqlx::query(
        "INSERT INTO deliveries (id, via, repository, event, body, received_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING",
    )
    .bind(one.new.id.as_str())
    .bind(one.new.via.as_str())
    .bind(&one.new.repository)
    .bind(&one.new.event)
    .bind(&one.new.body)
    .bind(one.received_at)
    .execute(write)
    .await?;
    Ok(if kept.rows_affected() == 1 { Kept::New } else { Kept::Known })
}
