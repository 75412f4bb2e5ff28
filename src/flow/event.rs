//! What can happen to a run.

use super::{Ending, Outcome, Request};
use crate::ids::{Attempt, RunId, StageName};
use crate::spec::FailureClass;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened to a run. Stored in order, never changed; the run's state is what they add up to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run exists; always the first event.
    RunCreated,
    /// A stage's result was taken over from an earlier run of the same commit.
    StageReused {
        /// Which stage.
        stage: StageName,
        /// The run it succeeded in.
        from: RunId,
        /// What it left for later stages.
        outputs: Value,
    },
    /// An attempt is about to act. Stored before it does.
    StageStarted {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
    },
    /// An attempt did what it should.
    StageSucceeded {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
        /// What it left for later stages.
        outputs: Value,
    },
    /// An attempt did not do what it should.
    StageFailed {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
        /// Why.
        failure: Failure,
    },
    /// The agent died while an attempt was running; nobody knows how far it came.
    StageInterrupted {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
    },
    /// An attempt has done what it could and waits for people. Nothing of the agent is held meanwhile.
    StageParked {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
        /// What people are asked.
        request: Request,
    },
    /// A parked stage is looked at again, by an attempt to come.
    StageAwoken {
        /// Which stage.
        stage: StageName,
    },
    /// A failed stage is to be tried again.
    RetryScheduled {
        /// Which stage.
        stage: StageName,
        /// The attempt to come.
        attempt: Attempt,
        /// Not before this moment.
        due: Timestamp,
    },
    /// A stage will not run.
    StageSkipped {
        /// Which stage.
        stage: StageName,
        /// Why.
        reason: SkipReason,
    },
    /// A person stopped the run.
    CancelRequested {
        /// How.
        stop: Stop,
    },
    /// The run is given up without anybody having stopped it.
    RunWithdrawn {
        /// Why.
        why: Withdrawal,
    },
    /// The run is over; always the last event.
    RunFinished {
        /// How it ended.
        outcome: Outcome,
    },
}

impl Event {
    /// The stage it happened to, if it happened to one.
    #[must_use]
    pub fn stage(&self) -> Option<&StageName> {
        match self {
            Self::StageReused { stage, .. }
            | Self::StageStarted { stage, .. }
            | Self::StageSucceeded { stage, .. }
            | Self::StageFailed { stage, .. }
            | Self::StageInterrupted { stage, .. }
            | Self::StageParked { stage, .. }
            | Self::StageAwoken { stage }
            | Self::RetryScheduled { stage, .. }
            | Self::StageSkipped { stage, .. } => Some(stage),
            Self::RunCreated
            | Self::CancelRequested { .. }
            | Self::RunWithdrawn { .. }
            | Self::RunFinished { .. } => None,
        }
    }
}

/// Why a run is given up without anybody having stopped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Withdrawal {
    /// A younger run of the same branch takes its place.
    Superseded {
        /// Which.
        by: RunId,
    },
    /// It cannot be run, however often it is tried.
    Unfit {
        /// Why, one clause without a full stop.
        why: String,
    },
}

/// Why an attempt did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What kind of reason, as far as a decision depends on it.
    pub class: FailureClass,
    /// What went wrong, one sentence without a full stop.
    pub message: String,
    /// What a person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None }
    }

    /// The same failure with a hint.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Why a stage will not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum SkipReason {
    /// Its `when` is false for this run.
    ConditionFalse,
    /// It runs on success only, and a stage it needs did not succeed.
    NeedNotMet {
        /// The first such stage.
        need: StageName,
        /// How that ended.
        ending: Ending,
    },
    /// It runs on a failure, error or abort, and there was none.
    NotCalledFor,
    /// The run was cancelled before it began.
    Cancelled,
}

/// How a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// Running stages are asked to end; stages for an abort still run.
    Gentle,
    /// Everything is killed and nothing starts any more.
    Forced,
}
