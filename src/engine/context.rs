//! What an attempt has at hand.

use super::workspace::{Private, Workspace};
use crate::clock::Clock;
use crate::exec::Cancel;
use crate::flow::{Failure, begun_by};
use crate::ids::{Attempt, StageName};
use crate::logs::{Level, StageLog};
use crate::spec::{FailureClass, Stage};
use crate::store::{Lease, RunRecord, Store, StoreError};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};
use tokio::{runtime::Handle, task::spawn_blocking};

/// Tries to reach the database before a stage fails for it: it is back within half a minute, or somebody must look.
const MOST_TRIES: u32 = 60;
/// Wait between two of them.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// What one attempt of one stage has at hand.
#[derive(Debug)]
pub struct StageContext {
    /// The run.
    pub run: Arc<RunRecord>,
    /// The stage.
    pub stage: Stage,
    /// Which attempt.
    pub attempt: Attempt,
    /// Attempts before this one that failed; those that their agent died in are not among them.
    pub failures: u32,
    /// What the stages before this one have left: those it needs, and those they need.
    pub outputs: BTreeMap<StageName, Value>,
    /// The stage's log.
    pub log: StageLog,
    /// Asks the attempt to end.
    pub cancel: Cancel,
    /// Time.
    pub clock: Arc<dyn Clock>,
    pub(super) store: Store,
    pub(super) lease: Lease,
    pub(super) workspace: Arc<Workspace>,
}

impl StageContext {
    /// Writes to the stage's log.
    ///
    /// # Errors
    /// If the line cannot be kept; without its log a stage must not go on.
    pub fn say(&self, level: Level, message: &str) -> Result<(), Failure> {
        self.log.line(level, message).map_err(|error| agent_error("cannot write the log", &error))
    }

    /// Keeps evidence of the run under a name; the same name again replaces it.
    ///
    /// # Errors
    /// If it cannot be stored.
    pub async fn keep_evidence(&self, name: &str, value: &Value) -> Result<(), Failure> {
        let mut tries = 1;
        loop {
            match self.keep_apart(name, value).await {
                Err(error) if self.may_try_again(&error, &mut tries).await => {}
                kept => return kept.map_err(|error| agent_error("cannot keep evidence", &error)),
            }
        }
    }

    /// One write, to its end whether or not the attempt is polled meanwhile: the run's own would wait for it.
    async fn keep_apart(&self, name: &str, value: &Value) -> Result<(), StoreError> {
        let (store, lease) = (self.store.clone(), self.lease.clone());
        let (name, value) = (name.to_owned(), value.clone());
        let here = Handle::current();
        let write = move || here.block_on(store.keep_evidence(&lease, &name, &value));
        spawn_blocking(write).await.map_err(|lost| StoreError::Database(Box::new(lost)))?
    }

    /// Evidence that an earlier stage of this run has kept.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn evidence(&self, name: &str) -> Result<Option<Value>, Failure> {
        let mut tries = 1;
        loop {
            match self.store.evidence(&self.run.id, name).await {
                Err(error) if self.may_try_again(&error, &mut tries).await => {}
                read => return read.map_err(|error| agent_error("cannot read evidence", &error)),
            }
        }
    }

    /// Waits before another try, where another one may help: the database was started anew, or has ended a connection
    /// on which this process, frozen, stood still.
    async fn may_try_again(&self, error: &StoreError, tries: &mut u32) -> bool {
        let is_of_database = matches!(error, StoreError::Database(_));
        if !is_of_database || *tries == MOST_TRIES {
            return false;
        }
        *tries += 1;
        self.clock.sleep(BETWEEN_TRIES).await;
        true
    }

    /// The attempt that this one goes on with: the first of those that ended in nothing but the agent's death.
    ///
    /// # Errors
    /// If the run's events cannot be read.
    pub(super) async fn begun_by(&self) -> Result<Attempt, Failure> {
        let events = self.store.events(&self.run.id).await;
        let events = events.map_err(|error| agent_error("cannot read the run's events", &error))?;
        let events = events.iter().map(|stored| &stored.event);
        Ok(begun_by(events, (&self.stage.name, self.attempt)))
    }

    /// The run's checkout, made when it is first asked for and shared by its stages.
    ///
    /// # Errors
    /// If the commit cannot be checked out.
    pub async fn workspace(&self) -> Result<&Path, Failure> {
        self.workspace.path().await
    }

    /// What the run's commands keep outside the checkout.
    pub(super) fn private(&self) -> Result<Private, Failure> {
        let private = self.workspace.private();
        private.map_err(|error| agent_error("cannot make the run's private folders", &error))
    }
}

pub(super) fn agent_error(act: &str, error: &dyn std::error::Error) -> Failure {
    Failure::new(FailureClass::AgentError, format!("{act}: {}", chain(error)))
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
