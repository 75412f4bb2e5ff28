//! Executions of a pipeline since some moment, and starting one under a name that says why.

use super::{ExecutionStatus, SageMaker, executions::execution_status, groups::absent};
use crate::aws::{CloudError, MOST_PAGES, error::Act, timestamp};
use aws_sdk_sagemaker::types::{Parameter, SortOrder, SortPipelineExecutionsBy};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Executions asked for at once, the most SageMaker gives (ListPipelineExecutions, `MaxResults`).
const PAGE: i32 = 100;

/// An execution as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastExecution {
    /// Its ARN.
    pub arn: String,
    /// Its name for people.
    pub name: String,
    /// How far it is.
    pub status: ExecutionStatus,
    /// When it began.
    pub began: Timestamp,
}

/// An execution to be started.
#[derive(Debug, Clone, Copy)]
pub struct NewExecution<'a> {
    /// The pipeline's name or ARN.
    pub pipeline: &'a str,
    /// Its name for people: letters, digits and single hyphens, at most 82 (`PipelineExecutionDisplayName`).
    pub name: Option<&'a str>,
    /// The same token is the same execution: 32 to 128 characters (`ClientRequestToken`).
    pub token: &'a str,
    /// Parameters that differ from their defaults.
    pub parameters: &'a BTreeMap<String, String>,
}

impl SageMaker {
    /// Executions that began at or after `since`, oldest first, at most `most`; none if there is no such pipeline.
    ///
    /// # Errors
    /// If SageMaker refuses, an answer makes no sense, or there is no end of pages.
    pub async fn executions_since(
        &self,
        pipeline: &str,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<PastExecution>, CloudError> {
        const OPERATION: &str = "ListPipelineExecutions";
        let mut executions = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_pipeline_executions()
                .pipeline_name(pipeline)
                // "after" is exclusive, and whole seconds may be all that is compared
                .created_after(DateTime::from_secs(since.as_second() - 1))
                .sort_by(SortPipelineExecutionsBy::CreationTime)
                .sort_order(SortOrder::Ascending)
                .max_results(PAGE)
                .set_next_token(token)
                .send()
                .await
                .act(OPERATION, pipeline);
            let Some(page) = absent(page)? else { return Ok(executions) };
            for found in page.pipeline_execution_summaries.unwrap_or_default() {
                let broken = |what: &str| CloudError::broken_answer(OPERATION, pipeline, what);
                let status = execution_status(found.pipeline_execution_status.as_ref());
                let began = timestamp(found.start_time.as_ref());
                let execution = PastExecution {
                    arn: found.pipeline_execution_arn.ok_or_else(|| broken("no ARN"))?,
                    name: found.pipeline_execution_display_name.unwrap_or_default(),
                    status: status.ok_or_else(|| broken("a status we do not know"))?,
                    began: began.ok_or_else(|| broken("no start"))?,
                };
                if execution.began >= since {
                    executions.push(execution);
                }
            }
            token = page.next_token;
            if token.is_none() || executions.len() >= most {
                executions.truncate(most);
                return Ok(executions);
            }
        }
        Err(CloudError::endless(OPERATION, pipeline))
    }

    /// Starts an execution, or finds the one that this token started before.
    ///
    /// # Errors
    /// If SageMaker refuses.
    pub async fn start_execution(&self, new: NewExecution<'_>) -> Result<String, CloudError> {
        const OPERATION: &str = "StartPipelineExecution";
        let parameters = new.parameters.iter();
        let parameters = parameters
            .map(|(name, value)| Parameter::builder().name(name).value(value).build())
            .collect();
        let answer = self
            .client
            .start_pipeline_execution()
            .pipeline_name(new.pipeline)
            .set_pipeline_execution_display_name(new.name.map(str::to_owned))
            .client_request_token(new.token)
            .set_pipeline_parameters(Some(parameters))
            .send()
            .await
            .act(OPERATION, new.pipeline)?;
        let arn = answer.pipeline_execution_arn;
        arn.ok_or_else(|| CloudError::broken_answer(OPERATION, new.pipeline, "no ARN"))
    }
}
