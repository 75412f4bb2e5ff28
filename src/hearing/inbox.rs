//! Where deliveries wait for the disk: those that come while it is busy are kept together the next time.
//!
//! Whoever brings one waits until it is kept. The number and the bytes of those that wait are bounded; what does not fit
//! is turned away, and comes again by the poller or by asking GitHub for what failed.

use crate::store::{Kept, NewDelivery, Store, StoreError};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{Notify, oneshot};

/// Deliveries that are kept in one write: a hundred small ones take hardly longer than one.
const MOST_AT_ONCE: usize = 256;
/// Deliveries that wait: at a thousand a second, which the slowest disk does, four seconds of GitHub's ten.
const MOST_WAITING: usize = 4_096;

/// The inbox; clones share it.
#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
    waiting: Arc<Mutex<VecDeque<Waiting>>>,
    came: Arc<Notify>,
}

#[derive(Debug)]
struct Waiting {
    new: NewDelivery,
    answer: oneshot::Sender<Result<Kept, NotKept>>,
}

/// A delivery was not kept; whoever sent it may send it again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotKept {
    /// Too many wait already.
    #[error("{MOST_WAITING} deliveries wait already")]
    Full,
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] Arc<StoreError>),
    /// The agent ends.
    #[error("the agent ends")]
    Closed,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, waiting: Arc::default(), came: Arc::default() }
    }

    /// Keeps a delivery. When this returns, it survives whatever happens.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn keep(&self, new: NewDelivery) -> Result<Kept, NotKept> {
        let (answer, told) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MOST_WAITING {
                return Err(NotKept::Full);
            }
            waiting.push_back(Waiting { new, answer });
        }
        self.came.notify_one();
        told.await.unwrap_or(Err(NotKept::Closed))
    }

    /// Writes what comes, for as long as it is polled.
    pub async fn write(&self) -> std::convert::Infallible {
        loop {
            if self.write_waiting().await == 0 {
                self.came.notified().await;
            }
        }
    }

    /// Writes what waits now, as far as one write takes it, and answers for each. Returns how many that were.
    async fn write_waiting(&self) -> usize {
        let batch: Vec<Waiting> = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let most = waiting.len().min(MOST_AT_ONCE);
            waiting.drain(..most).collect()
        };
        if batch.is_empty() {
            return 0;
        }
        let (new, answers): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.new, waiting.answer)).unzip();
        let kept = self.store.keep_deliveries(&new).await.map_err(Arc::new);
        for (index, answer) in answers.into_iter().enumerate() {
            // One that hung up meanwhile is kept all the same.
            let _gone = answer.send(match &kept {
                Ok(kept) => kept.get(index).copied().ok_or(NotKept::Closed),
                Err(error) => Err(NotKept::Store(error.clone())),
            });
        }
        new.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemClock, store::Via};
    use futures_util::future::join_all;

    fn new(id: usize) -> NewDelivery {
        NewDelivery {
            id: format!("d-{id}").parse().unwrap(),
            via: Via::Webhook,
            repository: "x".to_owned(),
            event: "push".to_owned(),
            body: "{}".to_owned(),
        }
    }

    #[tokio::test]
    async fn what_fits_is_kept_once_and_the_rest_is_turned_away() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = Store::open(&folder.path().join("store"), clock).await.unwrap();
        let inbox = Inbox::new(store.clone());
        // Nobody writes yet, so all of them wait; each tenth comes twice.
        let all =
            join_all((0..MOST_WAITING + 5).map(|number| inbox.keep(new(number - number % 10 / 9))));
        let answers = tokio::select! {
            answers = all => answers,
            never = inbox.write() => match never {},
        };
        let of = |wanted: &dyn Fn(&Result<Kept, NotKept>) -> bool| {
            answers.iter().filter(|told| wanted(told)).count()
        };
        assert_eq!(of(&|told| matches!(told, Err(NotKept::Full))), 5);
        let known = of(&|told| matches!(told, Ok(Kept::Known)));
        assert_eq!(known, MOST_WAITING / 10);
        assert_eq!(of(&|told| matches!(told, Ok(Kept::New))), MOST_WAITING - known);
        assert_eq!(store.newest_deliveries(10_000).await.unwrap().len(), MOST_WAITING - known);
    }

    #[tokio::test]
    async fn a_store_that_fails_is_told_to_everybody_who_waits() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SystemClock);
        let store = Store::open(&folder.path().join("store"), clock).await.unwrap();
        let inbox = Inbox::new(store.clone());
        store.close().await;
        let answers = tokio::select! {
            answers = join_all([inbox.keep(new(1)), inbox.keep(new(2))]) => answers,
            never = inbox.write() => match never {},
        };
        assert!(answers.iter().all(|told| matches!(told, Err(NotKept::Store(_)))), "{answers:?}");
    }
}
