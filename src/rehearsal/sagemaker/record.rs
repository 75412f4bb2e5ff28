//! What is kept of an execution and of each step it ran.

use super::{super::Item, kind::StepKind};
use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One execution of a pipeline; kept under the pipeline's name and its own id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Execution {
    pub arn: String,
    /// The twelve characters at the ARN's end.
    pub id: String,
    /// Which execution of the pipeline it is, from 1; sorts those that began at the same time.
    pub number: i64,
    pub pipeline_arn: String,
    /// The pipeline's name as it was created, capitals and all.
    pub pipeline_name: String,
    /// Which version of the pipeline it executes.
    pub version: u64,
    pub display_name: String,
    pub description: Option<String>,
    /// The definition as it stood when the execution began.
    pub definition: Digest,
    /// Role the steps act as.
    pub role: String,
    /// Parameters that were given, as text.
    pub given: BTreeMap<String, String>,
    /// All parameters with their values.
    pub parameters: Map<String, Value>,
    pub status: ExecutionStatus,
    pub failure: Option<String>,
    pub started: Timestamp,
    pub modified: Timestamp,
    pub started_by: String,
    /// How often it was retried.
    pub retries: u32,
    /// The steps in the order in which they ran.
    pub steps: Vec<StepRecord>,
}

impl Item for Execution {
    const KIND: &'static str = "pipeline execution";
}

impl Execution {
    /// The name it is kept under.
    pub(super) fn key(&self) -> String {
        key_of(&self.arn)
    }
}

/// The name that the execution with this ARN is kept under: `PIPELINE/ID`.
pub(super) fn key_of(arn: &str) -> String {
    let mut parts = arn.rsplit('/');
    let id = parts.next().unwrap_or_default();
    let pipeline = parts.nth(1).unwrap_or_default();
    format!("{pipeline}/{id}")
}

/// Where an execution stands (DescribePipelineExecution, `PipelineExecutionStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum ExecutionStatus {
    /// Steps are left to run.
    Executing,
    /// Someone asked for its end.
    Stopping,
    /// Ended on request.
    Stopped,
    /// A step failed.
    Failed,
    /// Every step succeeded.
    Succeeded,
}

impl ExecutionStatus {
    /// The word on the wire.
    #[must_use]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Executing => "Executing",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Will it change by itself?
    #[must_use]
    pub(super) fn is_running(self) -> bool {
        match self {
            Self::Executing | Self::Stopping => true,
            Self::Stopped | Self::Failed | Self::Succeeded => false,
        }
    }
}

/// One step that ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StepRecord {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its type.
    pub kind: StepKind,
    /// How it ended.
    pub status: StepStatus,
    /// Start.
    pub started: Timestamp,
    /// End.
    pub ended: Timestamp,
    /// Why it failed.
    pub failure: Option<String>,
    /// `Metadata` of ListPipelineExecutionSteps.
    pub metadata: Value,
    /// What `Steps.NAME.…` can reach; lists with named entries are maps by that name.
    pub properties: Value,
    /// Contents of its property files.
    pub property_files: BTreeMap<String, Value>,
    /// The branch a condition took.
    pub outcome: Option<bool>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StepStatus {
    /// Well.
    Succeeded,
    /// Badly.
    Failed,
}

impl StepStatus {
    /// The word on the wire.
    #[must_use]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
        }
    }
}

#[cfg(test)]
impl StepRecord {
    /// A step that succeeded and left nothing.
    pub(super) fn example(name: &str, kind: StepKind) -> Self {
        Self {
            name: name.to_owned(),
            display_name: None,
            kind,
            status: StepStatus::Succeeded,
            started: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            failure: None,
            metadata: Value::Null,
            properties: Value::Null,
            property_files: BTreeMap::new(),
            outcome: None,
        }
    }
}
