//! Rules: retraining, alerts, the schedule. All stand on the default bus, the only one that has
//! SageMaker's events and schedules.

use super::{
    names::shortened,
    resources::{PipelineSpec, Rule, RuleSpec, RuleState, Target, TopicSpec, Trigger},
};
use crate::{
    schedule::Schedule,
    spec::{Environment, RetrainOn},
};
use serde_json::{Value, json};

/// The longest name of a rule or target, in characters (PutRule, PutTargets).
pub(super) const LONGEST_NAME: usize = 64;

/// Characters of a rule's description (PutRule).
const LONGEST_DESCRIPTION: usize = 512;

/// Retries after the first delivery. Only throttling and AWS's own faults are retried.
const RETRIES: i32 = 24;

/// Seconds after which an event is given up: an alert or a training an hour late helps nobody, and the
/// next scheduled inference comes anyway.
const LONGEST_AGE_SECONDS: i32 = 3600;

const EXECUTION_CHANGE: &str = "SageMaker Model Building Pipeline Execution Status Change";
const STEP_CHANGE: &str = "SageMaker Model Building Pipeline Execution Step Status Change";

/// Retraining and the two alerts.
pub(super) fn on_events(
    environment: &Environment,
    train: &PipelineSpec,
    inference: &PipelineSpec,
    topic: &TopicSpec,
) -> Vec<RuleSpec> {
    let (retrain, what) = match environment.retrain.on {
        RetrainOn::Drift => (drift(inference), "the data-quality check of "),
        RetrainOn::AnyFailure => (ended(inference, &["Failed"]), ""),
    };
    let alert = Target { role: None, ..target("alert-topic", &topic.arn, environment) };
    let retraining = RuleSpec {
        rule: rule(
            environment,
            "retrain",
            retrain,
            &format!("Starts {} when {what}{} failed", train.name, inference.name),
        ),
        targets: vec![target("train-pipeline", &train.arn, environment)],
    };
    let ends_badly = ["Failed", "Stopped", "CompletedWithFailures"];
    let inference_alert = RuleSpec {
        rule: rule(
            environment,
            "inference-alert",
            ended(inference, &ends_badly),
            &format!("Tells people when {} ends badly", inference.name),
        ),
        targets: vec![alert.clone()],
    };
    let train_alert = RuleSpec {
        rule: rule(
            environment,
            "train-alert",
            ended(train, &["Failed"]),
            &format!("Tells people when {} fails", train.name),
        ),
        targets: vec![alert],
    };
    vec![retraining, inference_alert, train_alert]
}

/// The inference schedule.
pub(super) fn on_schedule(
    environment: &Environment,
    inference: &PipelineSpec,
    schedule: &Schedule,
) -> RuleSpec {
    RuleSpec {
        rule: Rule {
            name: name(environment, "inference-schedule"),
            description: format!("Starts {}", inference.name),
            trigger: Trigger::Schedule(schedule.as_str().to_owned()),
            state: RuleState::Enabled,
        },
        targets: vec![target("inference-pipeline", &inference.arn, environment)],
    }
}

fn name(environment: &Environment, purpose: &str) -> String {
    let Environment { model_name, name, .. } = environment;
    shortened(&format!("{model_name}-{name}-{purpose}"), LONGEST_NAME)
}

fn rule(environment: &Environment, purpose: &str, pattern: Value, description: &str) -> Rule {
    Rule {
        name: name(environment, purpose),
        description: shortened(description, LONGEST_DESCRIPTION),
        trigger: Trigger::Pattern(pattern),
        state: RuleState::Enabled,
    }
}

fn target(id: &str, arn: &str, environment: &Environment) -> Target {
    Target {
        id: id.to_owned(),
        arn: arn.to_owned(),
        role: Some(environment.events_role.as_str().to_owned()),
        retries: RETRIES,
        longest_age_seconds: LONGEST_AGE_SECONDS,
    }
}

/// Only the step's event knows which step failed.
fn drift(pipeline: &PipelineSpec) -> Value {
    json!({
        "source": ["aws.sagemaker"],
        "detail-type": [STEP_CHANGE],
        "detail": {
            "pipelineArn": [pipeline.arn],
            "stepType": ["QualityCheck"],
            "currentStepStatus": ["Failed"],
        },
    })
}

fn ended(pipeline: &PipelineSpec, statuses: &[&str]) -> Value {
    json!({
        "source": ["aws.sagemaker"],
        "detail-type": [EXECUTION_CHANGE],
        "detail": {
            "pipelineArn": [pipeline.arn],
            "currentPipelineExecutionStatus": statuses,
        },
    })
}
