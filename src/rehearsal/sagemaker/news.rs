//! What SageMaker tells EventBridge: executions, steps and model packages that changed.
//!
//! Shapes are those of "Events that Amazon SageMaker sends to Amazon EventBridge" (SageMaker developer guide). News
//! goes to the bus of the account that owns the thing: executions to their own, packages to the registry's.
//! Which news a change makes follows from the states before and after it alone.

use super::{
    super::{NewEvent, Place, time},
    packages::Package,
    record::{Execution, StepRecord},
};
use serde_json::{Value, json};

const EXECUTION: &str = "SageMaker Model Building Pipeline Execution Status Change";
const STEP: &str = "SageMaker Model Building Pipeline Execution Step Status Change";
const PACKAGE: &str = "SageMaker Model Package State Change";

/// The news that an execution at `place` is now `after`; `before` is absent when it has just begun.
pub(super) fn of_execution(
    place: &Place,
    before: Option<&Execution>,
    after: &Execution,
) -> Vec<NewEvent> {
    let known = before.map_or(0, |before| before.steps.len());
    let ended = after.steps.iter().skip(known);
    let mut news: Vec<NewEvent> = ended.flat_map(|step| step_news(place, after, step)).collect();
    let previous = before.map(|before| before.status);
    if previous != Some(after.status) {
        let detail = json!({
            "pipelineExecutionDisplayName": after.display_name,
            "currentPipelineExecutionStatus": after.status.as_str(),
            "previousPipelineExecutionStatus": previous.map(|status| status.as_str()),
            "executionStartTime": time::iso_seconds(after.started),
            "executionEndTime": ended_at(after),
            "pipelineExecutionDescription": after.description,
            "pipelineArn": after.pipeline_arn,
            "pipelineExecutionArn": after.arn,
        });
        news.push(about(place, EXECUTION, after, detail));
    }
    news
}

fn ended_at(execution: &Execution) -> Option<String> {
    Some(execution.modified).filter(|_| !execution.status.is_running()).map(time::iso_seconds)
}

/// A step runs within one request, so that all of its changes are told at once, in their order.
fn step_news(place: &Place, execution: &Execution, step: &StepRecord) -> [NewEvent; 3] {
    let changes = [
        (None, "Starting"),
        (Some("Starting"), "Executing"),
        (Some("Executing"), step.status.as_str()),
    ];
    changes.map(|(previous, current)| {
        let is_over = current == step.status.as_str();
        let mut detail = json!({
            "metadata": {},
            "stepStartTime": time::iso_seconds(step.started),
            "stepName": step.name,
            "stepDisplayName": step.display_name,
            "stepType": step.kind.to_string(),
            "previousStepStatus": previous,
            "currentStepStatus": current,
            "pipelineArn": execution.pipeline_arn,
            "pipelineExecutionArn": execution.arn,
        });
        if is_over {
            detail["metadata"] = lower_initials(&step.metadata);
            detail["stepEndTime"] = json!(time::iso_seconds(step.ended));
            detail["failureReason"] = json!(step.failure);
        }
        about(place, STEP, execution, detail)
    })
}

fn about(place: &Place, kind: &'static str, execution: &Execution, detail: Value) -> NewEvent {
    NewEvent {
        place: place.clone(),
        detail_type: kind,
        resources: vec![execution.pipeline_arn.clone(), execution.arn.clone()],
        detail: given(detail),
    }
}

/// Events spell `ProcessingJob.Arn` as `processingJob.arn`.
fn lower_initials(value: &Value) -> Value {
    let lower = |name: &str| {
        let mut letters = name.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_lowercase());
        initial.into_iter().chain(letters).collect::<String>()
    };
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, field)| (lower(name), lower_initials(field))).collect()
        }
        Value::Array(items) => items.iter().map(lower_initials).collect(),
        // A step that left nothing has metadata without entries.
        Value::Null => json!({}),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The detail without the fields that have no value.
fn given(mut detail: Value) -> Value {
    if let Some(fields) = detail.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    detail
}

/// Fields of a package that its events repeat as they are.
const REPEATED: [&str; 5] = [
    "InferenceSpecification",
    "MetadataProperties",
    "ModelMetrics",
    "ModelLifeCycle",
    "CustomerMetadataProperties",
];

/// The news that a package of the registry at `place` was registered, or that `updated` fields of it were.
pub(super) fn of_package(place: &Place, package: &Package, updated: &[&str]) -> NewEvent {
    let mut detail = json!({
        "ModelPackageGroupName": package.group,
        "ModelPackageVersion": package.version,
        "ModelPackageArn": package.arn,
        "CreationTime": time::iso_seconds(package.created),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": { "ValidationStatuses": [], "ImageScanStatuses": [] },
        "CertifyForMarketplace": false,
        "ModelApprovalStatus": package.approval,
        "ApprovalDescription": package.approval_description,
        "LastModifiedTime": time::iso_seconds(package.last_touched()),
    });
    for name in REPEATED {
        if let Some(field) = package.fields.get(name) {
            detail[name] = field.clone();
        }
    }
    if !updated.is_empty() {
        detail["UpdatedModelPackageFields"] = json!(updated);
    }
    NewEvent {
        place: place.clone(),
        detail_type: PACKAGE,
        resources: vec![package.arn.to_owned()],
        detail: given(detail),
    }
}

#[cfg(test)]
mod tests;
