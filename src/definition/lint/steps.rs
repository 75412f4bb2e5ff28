//! Steps: of a known type, retried only where SageMaker retries, property files of real outputs.

use super::{Flaw, Outline};
use crate::definition::Step;
use serde_json::Value;

/// Every step type of the pipeline definition schema and of the SDK beyond it.
const TYPES: [&str; 20] = [
    "AutoML",
    "Callback",
    "ClarifyCheck",
    "Condition",
    "EMR",
    "EMRServerless",
    "Endpoint",
    "EndpointConfig",
    "Fail",
    "InferenceComponent",
    "Lambda",
    "Lineage",
    "Model",
    "Notebook",
    "Processing",
    "QualityCheck",
    "RegisterModel",
    "Training",
    "Transform",
    "Tuning",
];

/// The step types that take `RetryPolicies` (SageMaker developer guide, retry policy).
const RETRIED: [&str; 8] = [
    "AutoML",
    "Model",
    "Notebook",
    "Processing",
    "RegisterModel",
    "Training",
    "Transform",
    "Tuning",
];

const EXCEPTIONS: [&str; 5] = [
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
];

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let steps = outline.steps.iter().map(|(step, _)| step);
    steps
        .flat_map(|step| {
            let mut flaws = kind(step);
            flaws.extend(retries(step));
            flaws.extend(property_files(step));
            flaws
        })
        .collect()
}

fn kind(step: &Step<'_>) -> Vec<Flaw> {
    let Step { name, kind, path, .. } = step;
    if TYPES.contains(kind) {
        return Vec::new();
    }
    let flaw = Flaw::new(
        format!("{path}.Type"),
        "step-type",
        format!("step '{name}' is of no known type"),
    );
    vec![flaw.suggest(kind, TYPES)]
}

fn retries(step: &Step<'_>) -> Vec<Flaw> {
    let Some(policies) = step.value.get("RetryPolicies") else { return Vec::new() };
    let path = format!("{}.RetryPolicies", step.path);
    if !RETRIED.contains(&step.kind) {
        let message = format!("SageMaker does not retry {} steps", step.kind);
        return vec![Flaw::new(path, "retry-policy", message).help("remove the RetryPolicies")];
    }
    let policies = policies.as_array().into_iter().flatten().enumerate();
    policies
        .flat_map(|(index, policy)| {
            let path = format!("{path}[{index}]");
            let ends = ["MaxAttempts", "ExpireAfterMin"].map(|key| policy.get(key).is_some());
            let bound = (ends[0] == ends[1]).then(|| {
                let message = "a retry policy ends by either MaxAttempts or ExpireAfterMin";
                Flaw::new(&path, "retry-policy", message)
            });
            let types = policy.get("ExceptionType").and_then(Value::as_array);
            let unknown = types.into_iter().flatten().filter_map(Value::as_str);
            let unknown = unknown.filter(|exception| !EXCEPTIONS.contains(exception));
            let unknown = unknown.map(|exception| {
                let message = format!("'{exception}' is no exception that SageMaker retries on");
                Flaw::new(format!("{path}.ExceptionType"), "retry-policy", message)
                    .suggest(exception, EXCEPTIONS)
            });
            bound.into_iter().chain(unknown).collect::<Vec<_>>()
        })
        .collect()
}

fn property_files(step: &Step<'_>) -> Vec<Flaw> {
    let outputs = super::properties::output_names(step);
    let files = step.value.get("PropertyFiles").and_then(Value::as_array).into_iter().flatten();
    files
        .enumerate()
        .filter_map(|(index, file)| {
            let path = format!("{}.PropertyFiles[{index}]", step.path);
            let text = |key| file.get(key).and_then(Value::as_str).unwrap_or_default();
            let (name, output) = (text("PropertyFileName"), text("OutputName"));
            if name.is_empty() || text("FilePath").is_empty() {
                let message = "a property file needs a PropertyFileName and a FilePath";
                return Some(Flaw::new(path, "property-file", message));
            }
            if outputs.contains(&output) {
                return None;
            }
            let message = format!(
                "property file '{name}' is of output '{output}', which step '{}' does not have",
                step.name
            );
            let flaw = Flaw::new(path, "property-file", message);
            Some(flaw.suggest(output, outputs.iter().copied()))
        })
        .collect()
}
