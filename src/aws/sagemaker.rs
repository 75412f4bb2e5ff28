//! SageMaker: pipelines, their executions, and the model registry.

mod decision;
mod executions;
mod glance;
mod groups;
mod history;
mod jobs;
mod packages;
mod pipelines;
mod processing;
mod steps;

pub use decision::{Decision, LifeCycle};
pub use executions::{ExecutionRecord, ExecutionStatus};
pub use history::{NewExecution, PastExecution};
pub use jobs::{Job, JobKind};
pub use packages::{Approval, ModelPackage, ModelPackageSummary};
pub use processing::{Halt, JobRecord, JobStatus, NewJob};
pub use steps::{StepDetail, StepRecord, StepStatus};

use aws_types::SdkConfig;

/// SageMaker as one session sees it.
#[derive(Debug, Clone)]
pub struct SageMaker {
    client: aws_sdk_sagemaker::Client,
}

impl SageMaker {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_sagemaker::Client::new(config) }
    }
}
