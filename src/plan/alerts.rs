//! What people read when a rule tells them: a sentence instead of the event's JSON.

use super::resources::{Message, PipelineSpec};
use crate::spec::{DriftResponse, Environment};
use serde_json::Value;

/// Where an event has what every alert names (SageMaker's execution and step events alike).
const EXECUTION: (&str, &str) = ("execution", "$.detail.pipelineExecutionArn");
const TIME: (&str, &str) = ("time", "$.time");
const STATUS: (&str, &str) = ("status", "$.detail.currentPipelineExecutionStatus");
const STEP: (&str, &str) = ("step", "$.detail.stepName");

/// A pipeline's execution ended badly.
pub(super) fn ended(environment: &Environment, pipeline: &PipelineSpec) -> Message {
    let (env, name) = (&environment.name, &pipeline.name);
    message(
        &[EXECUTION, STATUS, TIME],
        &[
            format!("{env}: an execution of {name} ended as <status> at <time> (UTC)."),
            "Execution: <execution>".to_owned(),
            format!("Which step, and why: {STEPS}"),
        ],
    )
}

/// The data-quality step failed, for whatever reason: the event does not say which.
pub(super) fn check_failed(environment: &Environment, inference: &PipelineSpec) -> Message {
    let (env, name) = (&environment.name, &inference.name);
    let next = match environment.respond.drift {
        DriftResponse::Retrain => {
            let hours = environment.retrain.cooldown.as_secs_f64() / 3600.0;
            format!("tells which, and starts a training if it drifted (at most one in {hours} h)")
        }
        DriftResponse::Alert | DriftResponse::Ignore => "tells which".to_owned(),
    };
    message(
        &[EXECUTION, STEP, TIME],
        &[
            format!("{env}: the data-quality check <step> of {name} failed at <time> (UTC)."),
            "The batch has drifted, or it breaks its contract, or the check could not run. No predictions were made."
                .to_owned(),
            "Execution: <execution>".to_owned(),
            format!("What happens next: 'agent watch --env {env} --once' {next}."),
        ],
    )
}

const STEPS: &str =
    "aws sagemaker list-pipeline-execution-steps --pipeline-execution-arn <execution>";

/// Each line is a JSON text of its own: EventBridge takes no other form of several lines.
fn message(paths: &[(&str, &str)], lines: &[String]) -> Message {
    let lines: Vec<String> =
        lines.iter().map(|line| Value::from(line.as_str()).to_string()).collect();
    Message {
        paths: paths.iter().map(|(name, path)| ((*name).to_owned(), (*path).to_owned())).collect(),
        template: lines.join("\n"),
    }
}
