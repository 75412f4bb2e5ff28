//! Which events the deployed rules hear: SageMaker's own, as it would send them, and those that look alike.

use super::*;
use crate::event::{Event, Pattern};
use serde_json::Value;

const EXECUTION: &str = "SageMaker Model Building Pipeline Execution Status Change";
const STEP: &str = "SageMaker Model Building Pipeline Execution Step Status Change";
const ENDS: [&str; 6] =
    ["Executing", "Stopping", "Stopped", "Failed", "Succeeded", "CompletedWithFailures"];
const STEP_ENDS: [&str; 6] =
    ["Starting", "Executing", "Stopping", "Stopped", "Failed", "Succeeded"];
const STEPS: [&str; 12] = [
    "QualityCheck",
    "ClarifyCheck",
    "Processing",
    "Training",
    "Transform",
    "Tuning",
    "Model",
    "RegisterModel",
    "Lambda",
    "Callback",
    "Condition",
    "Fail",
];

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct News {
    pipeline: String,
    step: Option<&'static str>,
    status: &'static str,
}

impl News {
    fn envelope(&self, environment: &Environment) -> Value {
        let execution = format!("{}/execution/abcdefghijkl", self.pipeline);
        let account = self.pipeline.split(':').nth(4).unwrap().parse().unwrap();
        let mut detail = json!({ "pipelineArn": self.pipeline, "pipelineExecutionArn": execution });
        let (kind, status) = match self.step {
            Some(step) => {
                detail["stepName"] = json!("Mammo-Step");
                detail["stepType"] = json!(step);
                (STEP, "currentStepStatus")
            }
            None => (EXECUTION, "currentPipelineExecutionStatus"),
        };
        detail[status] = json!(self.status);
        let event = Event {
            id: "7bf73129-1428-4cd3-a780-95db273d1602".to_owned(),
            source: "aws.sagemaker".to_owned(),
            detail_type: kind.to_owned(),
            account,
            region: environment.region.clone(),
            time: NOW.parse().unwrap(),
            resources: vec![self.pipeline.clone(), execution],
            detail,
        };
        event.envelope()
    }

    fn is_bad(&self) -> bool {
        !matches!(self.status, "Starting" | "Executing" | "Stopping" | "Succeeded")
    }
}

/// All that SageMaker can tell about one pipeline.
fn all_news(pipeline: &str) -> Vec<News> {
    let of = |step: Option<&'static str>, statuses: [&'static str; 6]| {
        statuses.map(|status| News { pipeline: pipeline.to_owned(), step, status })
    };
    let steps = STEPS.into_iter().flat_map(|step| of(Some(step), STEP_ENDS));
    of(None, ENDS).into_iter().chain(steps).collect()
}

/// The rules that wait for events, with their patterns as EventBridge reads them.
fn patterns(desired: &Desired) -> Vec<(&str, Pattern, Value)> {
    let read = |spec: &RuleSpec| match &spec.rule.trigger {
        Trigger::Pattern(json) => Some((Pattern::parse(&json.to_string()).unwrap(), json.clone())),
        Trigger::Schedule(_) => None,
    };
    let rules = desired.rules.iter();
    rules
        .filter_map(|spec| read(spec).map(|(p, json)| (spec.rule.name.as_str(), p, json)))
        .collect()
}

/// Both ways to answer a failure, deployed.
fn deployments() -> [(Environment, Desired); 2] {
    [RetrainOn::Drift, RetrainOn::AnyFailure].map(|on| {
        let retrain = Retrain { on, ..environment().retrain };
        let environment = Environment { retrain, ..environment() };
        let desired = wanted(&Commit::first(), &environment, &Observed::default());
        (environment, desired)
    })
}

/// The event that a pattern of exact values describes: the first value of each leaf.
fn described(pattern: &Value) -> Value {
    match pattern {
        Value::Object(fields) => {
            fields.iter().map(|(name, inner)| (name.clone(), described(inner))).collect()
        }
        Value::Array(values) => values[0].clone(),
        other => panic!("{other} is no leaf"),
    }
}

/// `event` with one leaf after the other changed.
fn each_leaf_changed(event: &Value) -> Vec<Value> {
    let Some(fields) = event.as_object() else {
        return vec![json!(format!("{}-2", event.as_str().unwrap()))];
    };
    let changed = fields.iter().flat_map(|(name, inner)| {
        each_leaf_changed(inner).into_iter().map(move |inner| {
            let mut event = event.clone();
            event[name] = inner;
            event
        })
    });
    changed.collect()
}

#[test]
fn each_rule_matches_the_event_it_describes_and_none_that_differs_in_a_field() {
    for (_, desired) in deployments() {
        for (name, pattern, json) in patterns(&desired) {
            let event = described(&json);
            assert!(pattern.matches(&event), "{name}");
            for changed in each_leaf_changed(&event) {
                assert!(!pattern.matches(&changed), "{name} {changed}");
            }
        }
    }
}

#[test]
fn each_rule_hears_one_of_our_pipelines_end_badly_and_nothing_else() {
    for (environment, desired) in deployments() {
        let ours = desired.pipelines().map(|pipeline| pipeline.arn.clone());
        for (name, pattern, _) in patterns(&desired) {
            let news = ours.iter().flat_map(|arn| all_news(arn));
            let heard: Vec<News> =
                news.filter(|news| pattern.matches(&news.envelope(&environment))).collect();
            assert!(!heard.is_empty(), "{name} would never hear anything");
            assert!(heard.iter().all(News::is_bad), "{name} {heard:?}");
            assert!(
                heard.iter().all(|news| news.pipeline == heard[0].pipeline),
                "{name} {heard:?}"
            );
            let steps = heard.iter().filter_map(|news| news.step);
            assert!(steps.clone().all(|step| step == "QualityCheck"), "{name} {heard:?}");
            assert!([0, heard.len()].contains(&steps.count()), "{name} {heard:?}");
        }
    }
}

#[test]
fn no_rule_hears_a_pipeline_that_only_looks_like_ours() {
    for (environment, desired) in deployments() {
        let lookalikes = desired.pipelines().into_iter().flat_map(|pipeline| {
            let arn = &pipeline.arn;
            let own = environment.account.as_str();
            [
                format!("{arn}-2"),
                format!("{arn}2"),
                arn.strip_suffix(|_: char| true).unwrap().to_owned(),
                arn.replace("pipeline/mammo", "pipeline/Mammo"),
                arn.replace("pipeline/mammo", "pipeline/my-mammo"),
                arn.replace(own, "999999999999"),
                arn.replace("us-east-1", "us-east-2"),
            ]
        });
        for arn in lookalikes {
            assert!(!desired.pipelines().iter().any(|pipeline| pipeline.arn == arn));
            for news in all_news(&arn) {
                let envelope = news.envelope(&environment);
                for (name, pattern, _) in patterns(&desired) {
                    assert!(!pattern.matches(&envelope), "{name} hears {news:?}");
                }
            }
        }
    }
}

#[test]
fn a_failed_quality_check_of_the_inference_is_heard_by_one_rule_and_a_failed_job_by_none() {
    let environment = environment();
    let desired = first();
    let heard = |step, status| {
        let news = News { pipeline: desired.inference.arn.clone(), step: Some(step), status };
        let envelope = news.envelope(&environment);
        patterns(&desired).iter().filter(|(_, pattern, _)| pattern.matches(&envelope)).count()
    };
    assert_eq!(heard("QualityCheck", "Failed"), 1);
    for (step, status) in [("QualityCheck", "Stopped"), ("Transform", "Failed"), ("Fail", "Failed")]
    {
        assert_eq!(heard(step, status), 0, "{step} {status}");
    }
}

#[test]
fn somebody_elses_event_with_our_words_is_not_heard() {
    let environment = environment();
    let desired = first();
    for news in desired.pipelines().iter().flat_map(|pipeline| all_news(&pipeline.arn)) {
        let mut envelope = news.envelope(&environment);
        envelope["source"] = json!("clinic.sagemaker");
        assert!(!patterns(&desired).iter().any(|(_, pattern, _)| pattern.matches(&envelope)));
    }
}
