//! How stages and runs end.

use crate::ids::{RunId, StageName};
use crate::spec::FailureClass;
use serde::{Deserialize, Serialize};

/// How a stage ended, as the stages behind it see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// It did what it should.
    Succeeded,
    /// The work said no: a command failed, the gate refused, a file was wrong.
    Failed,
    /// The machinery broke: cloud, agent, or it took too long.
    Errored,
    /// A person stopped it.
    Aborted,
    /// It had no reason to run.
    Skipped,
}

impl From<FailureClass> for Ending {
    fn from(class: FailureClass) -> Self {
        match class {
            FailureClass::UserError | FailureClass::GateRefused | FailureClass::Rejected => {
                Self::Failed
            }
            FailureClass::CloudError
            | FailureClass::AgentError
            | FailureClass::TimedOut
            | FailureClass::Expired => Self::Errored,
            FailureClass::Cancelled => Self::Aborted,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every stage succeeded or had no reason to run.
    Succeeded,
    /// A stage failed for good.
    Failed {
        /// The first one in the order of the pipeline.
        stage: StageName,
        /// Why.
        class: FailureClass,
    },
    /// The gate said no, and nothing before it failed.
    GateRefused,
    /// A person who was asked said no.
    Rejected,
    /// Nobody who was asked answered in time.
    Expired,
    /// A person stopped it.
    Cancelled,
    /// A younger run of the same branch took its place before it had begun.
    Superseded {
        /// Which.
        by: RunId,
    },
    /// It cannot be run.
    Unfit {
        /// Why, one clause without a full stop.
        why: String,
    },
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Succeeded => f.pad("succeeded"),
            Self::Failed { stage, .. } => write!(f, "failed in {stage}"),
            Self::GateRefused => f.pad("gate refused"),
            Self::Rejected => f.pad("rejected"),
            Self::Expired => f.pad("approval expired"),
            Self::Cancelled => f.pad("cancelled"),
            Self::Superseded { by } => write!(f, "superseded by {}", by.short()),
            Self::Unfit { why } => write!(f, "given up: {why}"),
        }
    }
}
