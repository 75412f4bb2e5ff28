//! The desk: locks, and the audit of every order.

use super::{DeskError, Person};
use crate::{
    audit::Act,
    clock::Clock,
    ids::EnvName,
    queue::Hold,
    store::{Locking, Store},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Longest reason that is kept, in characters: a paragraph, not a document.
const LONGEST_REASON: usize = 2_000;

/// Takes people's orders about runs and environments.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl Desk {
    /// A desk for what is in `store`.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Locks an environment: no run begins to work there until it is unlocked or `until` has come. What works there goes
    /// on.
    ///
    /// # Errors
    /// [`DeskError::LockedBefore`], [`DeskError::NoReason`], [`DeskError::NoTime`], or the store failed.
    pub async fn lock(
        &self,
        person: &Person,
        environment: &EnvName,
        reason: &str,
        until: Option<Timestamp>,
    ) -> Result<Hold, DeskError> {
        let since = self.clock.now();
        if until.is_some_and(|until| until <= since) {
            return Err(DeskError::NoTime);
        }
        let hold = Hold {
            environment: environment.clone(),
            reason: given(reason)?,
            who: person.to_string(),
            since,
            until,
        };
        match self.store.lock(hold).await? {
            Locking::LockedBefore(hold) => Err(DeskError::LockedBefore(Box::new(hold))),
            Locking::Locked(hold) => {
                let detail = json!({ "reason": hold.reason, "until": hold.until });
                self.note(person, "lock", (environment.as_str(), detail)).await?;
                Ok(hold)
            }
        }
    }

    /// Unlocks an environment; the lock that it had.
    ///
    /// # Errors
    /// [`DeskError::NotLocked`], or the store failed.
    pub async fn unlock(&self, person: &Person, environment: &EnvName) -> Result<Hold, DeskError> {
        let hold = self.store.unlock(environment).await?;
        let hold = hold.ok_or_else(|| DeskError::NotLocked(environment.clone()))?;
        let detail = json!({ "reason": hold.reason, "who": hold.who, "since": hold.since });
        self.note(person, "unlock", (environment.as_str(), detail)).await?;
        Ok(hold)
    }

    /// Every environment that is locked.
    ///
    /// # Errors
    /// The store failed.
    pub async fn locks(&self) -> Result<Vec<Hold>, DeskError> {
        Ok(self.store.holds().await?)
    }

    /// Keeps in the audit log what somebody did, and to what. What is ordered here is kept without that.
    ///
    /// # Errors
    /// The store failed.
    pub async fn note(
        &self,
        person: &Person,
        act: &str,
        (object, detail): (&str, Value),
    ) -> Result<(), DeskError> {
        let act =
            Act { who: person.to_string(), act: act.to_owned(), object: object.to_owned(), detail };
        self.store.keep_act(act).await?;
        Ok(())
    }
}

/// A reason that says something.
pub(super) fn given(reason: &str) -> Result<String, DeskError> {
    let reason = reason.trim();
    if reason.is_empty() { Err(DeskError::NoReason) } else { Ok(bounded(reason)) }
}

/// As much of what a person wrote as is kept.
pub(super) fn bounded(text: &str) -> String {
    text.chars().take(LONGEST_REASON).collect()
}
