//! One execution of the inference pipeline that has ended, and what it came to.

use crate::monitor::{Assessment, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an execution came to. Apart from its status: a step fails for drift and for a full disk alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// The batch looks like the data the model was trained on.
    Clean,
    /// The batch's values are spread differently.
    Drift,
    /// The batch breaks its contract.
    DataDefect,
    /// Too few rows to tell.
    TooFewRows,
    /// It failed, and not because of its data.
    InfrastructureFailure,
    /// There is no model for this environment.
    NothingApproved,
    /// Somebody stopped it.
    Stopped,
    /// It succeeded without a data-quality check.
    NotChecked,
}

impl Finding {
    /// Every finding.
    pub const ALL: [Self; 8] = [
        Self::Clean,
        Self::Drift,
        Self::DataDefect,
        Self::TooFewRows,
        Self::InfrastructureFailure,
        Self::NothingApproved,
        Self::Stopped,
        Self::NotChecked,
    ];

    /// The word for it, as in the environment's `respond` where it is there.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => Verdict::Clean.as_str(),
            Self::Drift => Verdict::Drift.as_str(),
            Self::DataDefect => Verdict::DataDefect.as_str(),
            Self::TooFewRows => Verdict::TooFewRows.as_str(),
            Self::InfrastructureFailure => Verdict::InfrastructureFailure.as_str(),
            Self::NothingApproved => "nothing-approved",
            Self::Stopped => "stopped",
            Self::NotChecked => "not-checked",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Verdict> for Finding {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Clean => Self::Clean,
            Verdict::Drift => Self::Drift,
            Verdict::DataDefect => Self::DataDefect,
            Verdict::TooFewRows => Self::TooFewRows,
            Verdict::InfrastructureFailure => Self::InfrastructureFailure,
        }
    }
}

/// An execution that has ended, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its ARN.
    pub execution: String,
    /// When it began.
    pub began: Timestamp,
    /// What it came to.
    pub finding: Finding,
    /// What that rests on.
    pub grounds: Grounds,
}

impl Case {
    /// The execution's id, the last part of its ARN.
    #[must_use]
    pub fn id(&self) -> &str {
        self.execution.rsplit('/').next().unwrap_or(&self.execution)
    }
}

/// What a finding rests on. No row of the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grounds {
    /// Whether anybody got a score.
    pub predictions: Predictions,
    /// How batch and baseline compare, where there are reports.
    pub assessment: Option<Assessment>,
    /// Where the analyser's report on violations is.
    pub report: Option<String>,
    /// The first step that failed.
    pub failed: Option<FailedStep>,
}

/// Whether an execution has scored its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Predictions {
    /// The scores are there.
    Made,
    /// There are none.
    Withheld,
}

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// Its name.
    pub step: String,
    /// Why, in SageMaker's words; left out where these are a container's own, which may repeat what it was given.
    pub reason: Option<String>,
}
