//! Rules: alerts, retraining, the schedule. All stand on the default bus, the only one that has
//! SageMaker's events and schedules.

use super::{
    alerts,
    names::{self, shortened},
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

/// How an execution that needs somebody's attention ends. `Stopped` is a person's doing, of which others should hear.
const ENDS_BADLY: &[&str] = &["Failed", "Stopped", "CompletedWithFailures"];

/// Every purpose a rule on events may have; which of them an environment wants follows from its policy.
const PURPOSES: [&str; 4] = [DRIFT, RETRAIN, "inference-alert", "train-alert"];
const DRIFT: &str = "drift";
const RETRAIN: &str = "retrain";

/// The rule on bad batches and the two on bad ends.
pub(super) fn on_events(
    environment: &Environment,
    train: &PipelineSpec,
    inference: &PipelineSpec,
    topic: &TopicSpec,
) -> Vec<RuleSpec> {
    let alert = |message| Target {
        role: None,
        message: Some(message),
        ..target("alert-topic", &topic.arn, environment)
    };
    let batches = match environment.retrain.on {
        // A rule can neither tell drift from a failure of the check nor count trainings: it tells people only.
        RetrainOn::Drift => RuleSpec {
            rule: rule(
                environment,
                DRIFT,
                check_failed(inference),
                &format!("Tells people when the data-quality check of {} failed", inference.name),
            ),
            targets: vec![alert(alerts::check_failed(environment, inference))],
        },
        RetrainOn::AnyFailure => RuleSpec {
            rule: rule(
                environment,
                RETRAIN,
                ended(inference, &["Failed"]),
                &format!("Starts {} when {} failed", train.name, inference.name),
            ),
            targets: vec![target("train-pipeline", &train.arn, environment)],
        },
    };
    let bad_end = |purpose, pipeline: &PipelineSpec| RuleSpec {
        rule: rule(
            environment,
            purpose,
            ended(pipeline, ENDS_BADLY),
            &format!("Tells people when {} ends badly", pipeline.name),
        ),
        targets: vec![alert(alerts::ended(environment, pipeline))],
    };
    vec![batches, bad_end("inference-alert", inference), bad_end("train-alert", train)]
}

/// Names of rules that another policy of this environment would want, but not among `wanted`.
pub(super) fn retired(environment: &Environment, wanted: &[RuleSpec]) -> Vec<String> {
    let names = PURPOSES.iter().map(|purpose| name(environment, purpose));
    names.filter(|name| wanted.iter().all(|spec| spec.rule.name != *name)).collect()
}

/// The name of the rule of the inference schedule.
#[must_use]
pub fn schedule_rule(environment: &Environment) -> String {
    name(environment, "inference-schedule")
}

/// What the names of all rules of an environment begin with, those that had to be cut included.
#[must_use]
pub fn rule_prefix(environment: &Environment) -> String {
    let Environment { model_name, name, .. } = environment;
    names::beginning(&format!("{model_name}-{name}-"), LONGEST_NAME)
}

pub(super) fn on_schedule(
    environment: &Environment,
    inference: &PipelineSpec,
    schedule: &Schedule,
) -> RuleSpec {
    RuleSpec {
        rule: Rule {
            name: schedule_rule(environment),
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
        message: None,
    }
}

/// Only the step's event knows which step failed.
fn check_failed(pipeline: &PipelineSpec) -> Value {
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
