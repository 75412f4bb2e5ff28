//! How stages and runs end.

use crate::ids::StageName;
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
            FailureClass::UserError | FailureClass::GateRefused => Self::Failed,
            FailureClass::CloudError | FailureClass::AgentError | FailureClass::TimedOut => {
                Self::Errored
            }
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
    /// A person stopped it.
    Cancelled,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Succeeded => f.pad("succeeded"),
            Self::Failed { stage, .. } => write!(f, "failed in {stage}"),
            Self::GateRefused => f.pad("gate refused"),
            Self::Cancelled => f.pad("cancelled"),
        }
    }
}
