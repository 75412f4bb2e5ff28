//! SageMaker: pipelines, their executions, and the model registry.

mod executions;
mod packages;
mod pipelines;

pub use executions::{ExecutionRecord, ExecutionStatus, StepDetail, StepRecord, StepStatus};
pub use packages::{Approval, ModelPackage, ModelPackageSummary};
pub use pipelines::Upserted;

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
