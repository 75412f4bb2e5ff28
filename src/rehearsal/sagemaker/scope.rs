//! What the references of a running execution stand for.

use super::record::Execution;
use crate::definition::{Reference, Scope, Segment};
use jiff::Timestamp;
use serde_json::{Value, json};

/// An execution as its next step sees it.
pub(super) struct ExecutionScope<'e> {
    pub execution: &'e Execution,
    /// Name of the job that the step is about to start.
    pub job_name: &'e str,
    pub now: Timestamp,
}

impl Scope for ExecutionScope<'_> {
    fn lookup(&self, reference: &Reference) -> Option<Value> {
        let execution = self.execution;
        match reference {
            Reference::Parameter(name) => execution.parameters.get(name).cloned(),
            Reference::Execution(fact) => match fact.as_str() {
                "PipelineExecutionId" => Some(json!(execution.id)),
                "PipelineName" => Some(json!(execution.pipeline_name)),
                "PipelineArn" => Some(json!(execution.pipeline_arn)),
                "PipelineExecutionArn" => Some(json!(execution.arn)),
                "StartDateTime" => Some(json!(execution.started.to_string())),
                "CurrentDateTime" => Some(json!(self.now.to_string())),
                "TrainingJobName" | "ProcessingJobName" => Some(json!(self.job_name)),
                _ => None,
            },
            Reference::Step { step, path } => {
                let record = execution.steps.iter().find(|record| record.name == *step)?;
                Segment::follow(path, &record.properties).cloned()
            }
        }
    }

    fn property_file(&self, step: &str, file: &str) -> Option<Value> {
        let record = self.execution.steps.iter().find(|record| record.name == step)?;
        record.property_files.get(file).cloned()
    }
}
