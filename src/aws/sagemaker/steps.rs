//! What became of the steps of an execution.

use super::SageMaker;
use crate::aws::{CloudError, MOST_PAGES, error::Act, timestamp};
use aws_sdk_sagemaker::types::{
    self, ConditionOutcome, PipelineExecutionStep, PipelineExecutionStepMetadata,
};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// About to run.
    Starting,
    /// Running.
    Executing,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
    /// Failed.
    Failed,
    /// Done.
    Succeeded,
}

/// A step that an execution has reached; the others do not appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// Its name in the definition.
    pub name: String,
    /// How far it is.
    pub status: StepStatus,
    /// Why it failed, in SageMaker's words.
    pub failure_reason: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What kind of step it is and what it left.
    pub detail: StepDetail,
}

/// What kind of step it is and what it left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepDetail {
    /// A training job, by ARN.
    Training(String),
    /// A processing job, by ARN.
    Processing(String),
    /// A batch transform job, by ARN.
    Transform(String),
    /// A model, by ARN.
    Model(String),
    /// A registered model package, by ARN.
    RegisterModel(String),
    /// A condition and how it turned out.
    Condition(Option<bool>),
    /// A function's answer.
    Lambda(BTreeMap<String, String>),
    /// A data-quality check.
    QualityCheck {
        /// Address of the violations, where there are any.
        violation_report: Option<String>,
        /// Address of the statistics it calculated.
        statistics: Option<String>,
        /// Address of the constraints it calculated.
        constraints: Option<String>,
        /// Address of the statistics that its data was held against.
        baseline_statistics: Option<String>,
        /// Address of the constraints that its data was held against.
        baseline_constraints: Option<String>,
    },
    /// A deliberate failure, with its message.
    Fail(String),
    /// Not known yet, or of a kind we do not use.
    Other,
}

impl StepDetail {
    /// The ARN of the model package that the step registered.
    #[must_use]
    pub fn registered(&self) -> Option<&str> {
        if let Self::RegisterModel(arn) = self { Some(arn) } else { None }
    }

    /// The message with which the step failed the execution on purpose.
    #[must_use]
    pub fn deliberate_failure(&self) -> Option<&str> {
        if let Self::Fail(message) = self { Some(message) } else { None }
    }
}

impl SageMaker {
    /// The steps that an execution has reached, the first one first.
    ///
    /// # Errors
    /// If SageMaker refuses, an answer makes no sense, or there is no end of pages.
    pub async fn steps(&self, execution: &str) -> Result<Vec<StepRecord>, CloudError> {
        let mut steps = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_pipeline_execution_steps()
                .pipeline_execution_arn(execution)
                .sort_order(types::SortOrder::Ascending)
                .set_next_token(token)
                .send()
                .await
                .act("ListPipelineExecutionSteps", execution)?;
            for step in page.pipeline_execution_steps.unwrap_or_default() {
                steps.push(step_record(execution, step)?);
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(steps);
            }
        }
        Err(CloudError::endless("ListPipelineExecutionSteps", execution))
    }
}

fn step_record(execution: &str, step: PipelineExecutionStep) -> Result<StepRecord, CloudError> {
    use types::StepStatus as Sdk;
    let name = step.step_name.unwrap_or_default();
    let status = match step.step_status {
        Some(Sdk::Starting) => StepStatus::Starting,
        Some(Sdk::Executing) => StepStatus::Executing,
        Some(Sdk::Stopping) => StepStatus::Stopping,
        Some(Sdk::Stopped) => StepStatus::Stopped,
        Some(Sdk::Failed) => StepStatus::Failed,
        Some(Sdk::Succeeded) => StepStatus::Succeeded,
        other => {
            return Err(CloudError::broken_answer(
                "ListPipelineExecutionSteps",
                execution,
                format!("status {other:?} of step '{name}'"),
            ));
        }
    };
    Ok(StepRecord {
        name,
        status,
        failure_reason: step.failure_reason,
        started: timestamp(step.start_time.as_ref()),
        ended: timestamp(step.end_time.as_ref()),
        detail: step.metadata.map_or(StepDetail::Other, detail),
    })
}

fn detail(metadata: PipelineExecutionStepMetadata) -> StepDetail {
    let PipelineExecutionStepMetadata {
        training_job,
        processing_job,
        transform_job,
        model,
        register_model,
        condition,
        lambda,
        quality_check,
        fail,
        ..
    } = metadata;
    if let Some(job) = training_job {
        StepDetail::Training(job.arn.unwrap_or_default())
    } else if let Some(job) = processing_job {
        StepDetail::Processing(job.arn.unwrap_or_default())
    } else if let Some(job) = transform_job {
        StepDetail::Transform(job.arn.unwrap_or_default())
    } else if let Some(model) = model {
        StepDetail::Model(model.arn.unwrap_or_default())
    } else if let Some(package) = register_model {
        StepDetail::RegisterModel(package.arn.unwrap_or_default())
    } else if let Some(condition) = condition {
        StepDetail::Condition(condition.outcome.and_then(|outcome| match outcome {
            ConditionOutcome::True => Some(true),
            ConditionOutcome::False => Some(false),
            _ => None,
        }))
    } else if let Some(lambda) = lambda {
        let outputs = lambda.output_parameters.unwrap_or_default().into_iter();
        StepDetail::Lambda(outputs.filter_map(|o| Some((o.name?, o.value?))).collect())
    } else if let Some(check) = quality_check {
        StepDetail::QualityCheck {
            violation_report: check.violation_report,
            statistics: check.calculated_baseline_statistics,
            constraints: check.calculated_baseline_constraints,
            baseline_statistics: check.baseline_used_for_drift_check_statistics,
            baseline_constraints: check.baseline_used_for_drift_check_constraints,
        }
    } else if let Some(fail) = fail {
        StepDetail::Fail(fail.error_message.unwrap_or_default())
    } else {
        StepDetail::Other
    }
}
