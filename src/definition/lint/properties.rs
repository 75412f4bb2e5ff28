//! What each type of step really has for a `Get`.

use crate::definition::{Segment, Step};
use serde_json::Value;

/// The properties of a step, or `None` for types whose properties we do not know.
pub(super) fn of(step: &Step<'_>) -> Option<Vec<String>> {
    let fixed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match step.kind {
        "Processing" => {
            let mut known: Vec<String> = output_names(step)
                .iter()
                .map(|name| format!("ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri"))
                .collect();
            let job =
                ["ProcessingJobName", "ProcessingJobArn", "ProcessingJobStatus", "ExitMessage"];
            known.extend(job.map(String::from));
            known.extend(property_files(step).iter().map(|file| format!("PropertyFiles.{file}")));
            Some(known)
        }
        "Training" => Some(fixed(&[
            "ModelArtifacts.S3ModelArtifacts",
            "TrainingJobName",
            "TrainingJobArn",
            "TrainingJobStatus",
        ])),
        "Transform" => Some(fixed(&[
            "TransformOutput.S3OutputPath",
            "TransformJobName",
            "TransformJobArn",
            "TransformJobStatus",
        ])),
        "Model" => Some(fixed(&["ModelName", "ModelArn"])),
        "RegisterModel" => Some(fixed(&[
            "ModelPackageArn",
            "ModelPackageName",
            "ModelPackageVersion",
            "ModelPackageStatus",
        ])),
        "QualityCheck" | "ClarifyCheck" => Some(fixed(&[
            "CalculatedBaselineStatistics",
            "CalculatedBaselineConstraints",
            "BaselineUsedForDriftCheckStatistics",
            "BaselineUsedForDriftCheckConstraints",
        ])),
        "Lambda" | "Callback" => {
            let outputs = names(step.value.get("OutputParameters"), "OutputName");
            Some(outputs.iter().map(|name| format!("OutputParameters['{name}']")).collect())
        }
        "Condition" => Some(fixed(&["Outcome"])),
        "Fail" => Some(fixed(&["ErrorMessage"])),
        _ => None,
    }
}

/// Whether a step has the property at `path`.
pub(super) fn has(step: &Step<'_>, path: &[Segment]) -> bool {
    let Some(known) = of(step) else { return true };
    let text: String = path.iter().map(ToString::to_string).collect();
    known.iter().any(|one| one == text.trim_start_matches('.'))
        || is_metric(step, path)
        || is_echo(step, path)
}

/// `FinalMetricDataList['validation:auc'].Value`: which metrics there are, only the image knows.
fn is_metric(step: &Step<'_>, path: &[Segment]) -> bool {
    let [Segment::Field(list), Segment::Key(_) | Segment::Index(_), Segment::Field(value)] = path
    else {
        return false;
    };
    step.kind == "Training" && list == "FinalMetricDataList" && value == "Value"
}

/// Describe gives a job's arguments back, so they are properties too.
fn is_echo(step: &Step<'_>, path: &[Segment]) -> bool {
    let echoes = ["Processing", "Training", "Transform", "Model", "RegisterModel"];
    echoes.contains(&step.kind)
        && step.value.get("Arguments").is_some_and(|arguments| follow(path, arguments).is_some())
}

fn follow<'a>(path: &[Segment], value: &'a Value) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, hop| match (hop, value) {
        (Segment::Key(name), Value::Array(items)) => items.iter().find(|item| {
            let named = ["OutputName", "InputName", "ChannelName"].map(|field| item.get(field));
            named.into_iter().flatten().any(|own| own == name.as_str())
        }),
        _ => Segment::follow(std::slice::from_ref(hop), value),
    })
}

/// The names of a processing step's outputs.
pub(super) fn output_names<'a>(step: &Step<'a>) -> Vec<&'a str> {
    names(step.value.pointer("/Arguments/ProcessingOutputConfig/Outputs"), "OutputName")
}

/// The names of a step's property files.
pub(super) fn property_files<'a>(step: &Step<'a>) -> Vec<&'a str> {
    names(step.value.get("PropertyFiles"), "PropertyFileName")
}

fn names<'a>(list: Option<&'a Value>, field: &str) -> Vec<&'a str> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| entry.get(field)?.as_str()).collect()
}
