//! Looking at executions: describe, list, their steps, parameters and definition.

use super::{
    super::{Call, ServiceError},
    check::{choice, epoch, user_context, within, without_nulls},
    definitions, executions,
    page::{Entry, Order, items, page},
    pipelines::{self, sortable},
    record::{Execution, StepRecord},
};
use serde_json::{Value, json};

/// DescribePipelineExecution.
pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let execution = executions::asked(call).await?;
    Ok(without_nulls(json!({
        "PipelineArn": execution.pipeline_arn,
        "PipelineExecutionArn": execution.arn,
        "PipelineExecutionDisplayName": execution.display_name,
        "PipelineExecutionStatus": execution.status.as_str(),
        "PipelineExecutionDescription": execution.description,
        "FailureReason": execution.failure,
        "CreationTime": epoch(execution.started),
        "LastModifiedTime": epoch(execution.modified),
        "CreatedBy": user_context(&execution.started_by),
        "LastModifiedBy": user_context(&execution.started_by),
        "PipelineVersionId": execution.version,
    })))
}

/// ListPipelineExecutions.
pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let pipeline = pipelines::asked(call).await?;
    let sort = choice(call, "SortBy", &["CreationTime", "PipelineExecutionArn"], "CreationTime")?;
    let by_arn = sort == "PipelineExecutionArn";
    let executions: Vec<(String, Execution)> = items(call, &format!("{}/", pipeline.key())).await?;
    let entries = executions
        .into_iter()
        .filter(|(_, execution)| within(call, execution.started, "CreatedAfter", "CreatedBefore"))
        .map(|(_, execution)| Entry {
            key: if by_arn {
                execution.arn.clone()
            } else {
                format!("{} {:012}", sortable(execution.started), execution.number)
            },
            summary: without_nulls(json!({
                "PipelineExecutionArn": execution.arn,
                "StartTime": epoch(execution.started),
                "PipelineExecutionStatus": execution.status.as_str(),
                "PipelineExecutionDescription": execution.description,
                "PipelineExecutionDisplayName": execution.display_name,
                "PipelineExecutionFailureReason": execution.failure,
            })),
        })
        .collect();
    page(call, "PipelineExecutionSummaries", entries, Order::Descending)
}

/// ListPipelineExecutionSteps. Steps that were not reached do not appear.
pub(super) async fn steps(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let execution = executions::asked(call).await?;
    let entries = execution
        .steps
        .into_iter()
        .enumerate()
        .map(|(index, step)| Entry { key: format!("{index:06}"), summary: step_summary(step) })
        .collect();
    page(call, "PipelineExecutionSteps", entries, Order::Descending)
}

fn step_summary(step: StepRecord) -> Value {
    without_nulls(json!({
        "StepName": step.name,
        "StepDisplayName": step.display_name,
        "StartTime": epoch(step.started),
        "EndTime": epoch(step.ended),
        "StepStatus": step.status.as_str(),
        "FailureReason": step.failure,
        "Metadata": step.metadata,
        "AttemptCount": 1,
    }))
}

/// ListPipelineParametersForExecution.
pub(super) async fn parameters(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let execution = executions::asked(call).await?;
    let entries = execution.parameters.into_iter().map(|(name, value)| Entry {
        summary: json!({
            "Name": name,
            "Value": value.as_str().map_or_else(|| value.to_string(), str::to_owned),
        }),
        key: name,
    });
    page(call, "PipelineParameters", entries.collect(), Order::Ascending)
}

/// DescribePipelineDefinitionForExecution.
pub(super) async fn definition(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let execution = executions::asked(call).await?;
    Ok(json!({
        "PipelineDefinition": definitions::text(call, &execution.definition).await?,
        "CreationTime": epoch(execution.started),
    }))
}
