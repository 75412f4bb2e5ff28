//! What one pass saw and did, for people and programs.

use super::{Action, Case, ObserveError, PerformError};
use crate::{aws::CloudError, ids::EnvName, store::StoreError};
use jiff::Timestamp;
use serde::Serialize;

/// What one pass saw and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pass {
    /// The environment.
    pub environment: EnvName,
    /// Executions that were answered, oldest first.
    pub answered: Vec<Answered>,
    /// Executions that have not ended.
    pub running: usize,
    /// What could not be done; it is tried again in the next pass.
    pub troubles: Vec<Trouble>,
}

/// One execution, and what was done about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// What it came to, and why.
    #[serde(flatten)]
    pub case: Case,
    /// What was decided.
    pub action: Action,
    /// The training that was started, by ARN.
    pub training: Option<String>,
    /// When people were told.
    pub told: Option<Timestamp>,
    /// What was decided in a few sentences, as people were told or would have been.
    pub message: String,
}

/// Something that could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// The execution it is about.
    pub execution: String,
    /// What went wrong.
    pub problem: String,
}

/// A pass that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The account cannot be read.
    #[error("reading the account failed")]
    Cloud(#[from] CloudError),
    /// What decisions look at cannot be read.
    #[error("reading what a decision needs failed")]
    Scene(#[source] ObserveError),
    /// The store failed, or another process watches.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was decided cannot be kept, or read again.
    #[error(transparent)]
    Answer(#[from] PerformError),
}
