//! Executions of pipelines.

use super::SageMaker;
use crate::{
    aws::{CloudError, error::Act, timestamp},
    definition::Definition,
};
use aws_sdk_sagemaker::types::{self, Parameter};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How far an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// Under way.
    Executing,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Failed.
    Failed,
    /// Done, all steps well.
    Succeeded,
    /// Done, though a step failed.
    CompletedWithFailures,
}

impl ExecutionStatus {
    /// Nothing more will happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Executing | Self::Stopping => false,
            Self::Stopped | Self::Failed | Self::Succeeded | Self::CompletedWithFailures => true,
        }
    }
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionRecord {
    /// Its ARN.
    pub arn: String,
    /// The ARN of its pipeline.
    pub pipeline_arn: String,
    /// How far it is.
    pub status: ExecutionStatus,
    /// Why it failed, in SageMaker's words.
    pub failure_reason: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it last changed.
    pub changed: Option<Timestamp>,
}

impl ExecutionRecord {
    /// The id that `Execution.PipelineExecutionId` stands for: the ARN's last part.
    #[must_use]
    pub fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

impl SageMaker {
    /// Starts a pipeline, or finds the execution that this token started before.
    ///
    /// `token` has 32 to 128 characters (StartPipelineExecution, `ClientRequestToken`).
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn start(
        &self,
        pipeline: &str,
        token: &str,
        parameters: &BTreeMap<String, String>,
    ) -> Result<String, CloudError> {
        let parameters = parameters
            .iter()
            .map(|(name, value)| Parameter::builder().name(name).value(value).build())
            .collect();
        let answer = self
            .client
            .start_pipeline_execution()
            .pipeline_name(pipeline)
            .client_request_token(token)
            .set_pipeline_parameters(Some(parameters))
            .send()
            .await
            .act("StartPipelineExecution", pipeline)?;
        answer
            .pipeline_execution_arn
            .ok_or_else(|| CloudError::broken_answer("StartPipelineExecution", pipeline, "no ARN"))
    }

    /// The definition that an execution executes: the pipeline may have another by now.
    ///
    /// # Errors
    /// If SageMaker refuses, or its answer is no definition.
    pub async fn executed_definition(&self, arn: &str) -> Result<Definition, CloudError> {
        const OPERATION: &str = "DescribePipelineDefinitionForExecution";
        let found = self
            .client
            .describe_pipeline_definition_for_execution()
            .pipeline_execution_arn(arn)
            .send()
            .await
            .act(OPERATION, arn)?;
        Definition::parse(&found.pipeline_definition.unwrap_or_default())
            .map_err(|error| CloudError::broken_answer(OPERATION, arn, error.to_string()))
    }

    /// Asks an execution to stop; its running jobs take a while.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn stop(&self, execution: &str, token: &str) -> Result<(), CloudError> {
        self.client
            .stop_pipeline_execution()
            .pipeline_execution_arn(execution)
            .client_request_token(token)
            .send()
            .await
            .act("StopPipelineExecution", execution)
            .map(drop)
    }

    /// How far an execution is.
    ///
    /// # Errors
    /// If SageMaker refuses, or its answer has no status we know.
    pub async fn execution(&self, arn: &str) -> Result<ExecutionRecord, CloudError> {
        let found = self
            .client
            .describe_pipeline_execution()
            .pipeline_execution_arn(arn)
            .send()
            .await
            .act("DescribePipelineExecution", arn)?;
        let status =
            execution_status(found.pipeline_execution_status.as_ref()).ok_or_else(|| {
                CloudError::broken_answer(
                    "DescribePipelineExecution",
                    arn,
                    format!("status {:?}", found.pipeline_execution_status),
                )
            })?;
        Ok(ExecutionRecord {
            arn: arn.to_owned(),
            pipeline_arn: found.pipeline_arn.unwrap_or_default(),
            status,
            failure_reason: found.failure_reason,
            started: timestamp(found.creation_time.as_ref()),
            changed: timestamp(found.last_modified_time.as_ref()),
        })
    }
}

pub(super) fn execution_status(
    status: Option<&types::PipelineExecutionStatus>,
) -> Option<ExecutionStatus> {
    use types::PipelineExecutionStatus as Sdk;
    Some(match status? {
        Sdk::Executing => ExecutionStatus::Executing,
        Sdk::Stopping => ExecutionStatus::Stopping,
        Sdk::Stopped => ExecutionStatus::Stopped,
        Sdk::Failed => ExecutionStatus::Failed,
        Sdk::Succeeded => ExecutionStatus::Succeeded,
        Sdk::CompletedWithFailures => ExecutionStatus::CompletedWithFailures,
        _ => return None,
    })
}
