//! One line of a stage's log.

use crate::ids::{RunId, StageName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of a stage's log, as it stands in the file and in the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// The run.
    pub run: RunId,
    /// The stage.
    pub stage: StageName,
    /// Place in the stage's log, from 1, without gaps, over all attempts; on where another agent took the run over, with
    /// a new thousand million.
    pub seq: u64,
    /// How much it matters.
    pub level: Level,
    /// When it was written; never before the line above it.
    pub time: Timestamp,
    /// What was written, masked.
    pub message: String,
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever looks for a fault.
    Debug,
    /// What happened; a command's standard output.
    Info,
    /// What may be wrong; a command's standard error.
    Warning,
    /// What is wrong.
    Error,
}

impl Level {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
