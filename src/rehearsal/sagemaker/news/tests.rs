use super::{
    super::{
        kind::StepKind,
        record::{ExecutionStatus, StepStatus},
    },
    *,
};
use crate::event::Pattern;
use jiff::Timestamp;
use serde_json::Map;

fn place() -> Place {
    Place { account: "222222222222".parse().unwrap(), region: "us-east-1".parse().unwrap() }
}

fn execution(status: ExecutionStatus, steps: Vec<StepRecord>) -> Execution {
    let started: Timestamp = "2026-01-31T12:00:00.25Z".parse().unwrap();
    Execution {
        arn: "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p/execution/abcdefghijkl"
            .to_owned(),
        id: "abcdefghijkl".to_owned(),
        number: 1,
        pipeline_arn: "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p".to_owned(),
        pipeline_name: "P".to_owned(),
        version: 1,
        display_name: "nightly".to_owned(),
        description: None,
        definition: crate::ids::Digest::of(""),
        role: "role".to_owned(),
        given: [].into(),
        parameters: Map::new(),
        status,
        failure: None,
        started,
        modified: started + jiff::SignedDuration::from_secs(5),
        started_by: "someone".to_owned(),
        retries: 0,
        steps,
    }
}

fn failed_check() -> StepRecord {
    StepRecord {
        status: StepStatus::Failed,
        failure: Some("it drifted".to_owned()),
        metadata: json!({"QualityCheck": {"CheckType": "DATA_QUALITY", "ViolationReport": "s3://b/v.json"}}),
        ..StepRecord::example("Monitor", StepKind::QualityCheck)
    }
}

#[test]
fn an_execution_that_begins_has_no_previous_status_and_no_end() {
    let news = of_execution(&place(), None, &execution(ExecutionStatus::Executing, vec![]));
    let [begun] = &news[..] else { panic!("{news:?}") };
    assert_eq!(begun.detail_type, EXECUTION);
    let arn = "arn:aws:sagemaker:us-east-1:222222222222:pipeline/p";
    assert_eq!(begun.resources, [arn.to_owned(), format!("{arn}/execution/abcdefghijkl")]);
    assert_eq!(
        begun.detail,
        json!({
            "pipelineExecutionDisplayName": "nightly",
            "currentPipelineExecutionStatus": "Executing",
            "executionStartTime": "2026-01-31T12:00:00Z",
            "pipelineArn": arn,
            "pipelineExecutionArn": format!("{arn}/execution/abcdefghijkl"),
        })
    );
}

#[test]
fn a_failed_check_is_told_step_by_step_and_then_the_execution() {
    let before = execution(ExecutionStatus::Executing, vec![]);
    let after = execution(ExecutionStatus::Failed, vec![failed_check()]);
    let news = of_execution(&place(), Some(&before), &after);
    let statuses: Vec<_> = news
        .iter()
        .map(|one| {
            let of = |step: &str, execution: &str| {
                one.detail.get(step).or(one.detail.get(execution)).and_then(Value::as_str)
            };
            (
                of("previousStepStatus", "previousPipelineExecutionStatus"),
                of("currentStepStatus", "currentPipelineExecutionStatus").unwrap(),
            )
        })
        .collect();
    assert_eq!(
        statuses,
        [
            (None, "Starting"),
            (Some("Starting"), "Executing"),
            (Some("Executing"), "Failed"),
            (Some("Executing"), "Failed"),
        ]
    );
    let detail = &news[2].detail;
    assert_eq!(detail["stepType"], "QualityCheck");
    assert_eq!(detail["failureReason"], "it drifted");
    assert_eq!(
        detail["metadata"],
        json!({"qualityCheck": {"checkType": "DATA_QUALITY", "violationReport": "s3://b/v.json"}})
    );
    assert!(news[1].detail.get("stepEndTime").is_none() && detail.get("stepEndTime").is_some());
    assert_eq!(news[3].detail["executionEndTime"], "2026-01-31T12:00:05Z");
}

#[test]
fn nothing_is_told_twice_and_a_retry_repeats_no_step() {
    let failed = execution(ExecutionStatus::Failed, vec![failed_check()]);
    assert_eq!(of_execution(&place(), Some(&failed), &failed).len(), 0);
    let again = execution(ExecutionStatus::Executing, vec![]);
    let news = of_execution(&place(), Some(&failed), &again);
    let [only] = &news[..] else { panic!("{news:?}") };
    assert_eq!(only.detail["previousPipelineExecutionStatus"], "Failed");
}

#[test]
fn a_package_names_what_was_updated_and_shows_its_stage() {
    let package = Package {
        arn: "arn:aws:sagemaker:us-east-1:333333333333:model-package/g/2".to_owned(),
        group: "g".to_owned(),
        version: 2,
        fields: Map::from_iter([
            ("ModelLifeCycle".to_owned(), json!({"Stage": "prod", "StageStatus": "Approved"})),
            ("SkipModelValidation".to_owned(), json!("None")),
        ]),
        approval: "Approved".to_owned(),
        approval_description: None,
        created: Timestamp::UNIX_EPOCH,
        created_by: "someone".to_owned(),
        modified: None,
        last_update: None,
    };
    let told = of_package(&place(), &package, &["ModelApprovalStatus", "ModelLifeCycle"]);
    assert_eq!(told.detail_type, "SageMaker Model Package State Change");
    assert_eq!(
        told.detail["UpdatedModelPackageFields"],
        json!(["ModelApprovalStatus", "ModelLifeCycle"])
    );
    assert_eq!(told.detail["ModelLifeCycle"]["Stage"], "prod");
    assert!(told.detail.get("SkipModelValidation").is_none());
    assert!(of_package(&place(), &package, &[]).detail.get("UpdatedModelPackageFields").is_none());
}

#[test]
fn a_rule_about_failed_checks_hears_of_them_and_of_nothing_else() {
    let pattern = json!({
        "source": ["aws.sagemaker"],
        "detail-type": [STEP],
        "detail": {
            "pipelineArn": ["arn:aws:sagemaker:us-east-1:222222222222:pipeline/p"],
            "stepType": ["QualityCheck"],
            "currentStepStatus": ["Failed"],
        },
    });
    let pattern = Pattern::parse(&pattern.to_string()).unwrap();
    let heard = |steps: Vec<StepRecord>, status| {
        let before = execution(ExecutionStatus::Executing, vec![]);
        let news = of_execution(&place(), Some(&before), &execution(status, steps));
        let envelope = |news: NewEvent| json!({"source": "aws.sagemaker", "detail-type": news.detail_type, "detail": news.detail});
        news.into_iter().filter(|news| pattern.matches(&envelope(news.clone()))).count()
    };
    assert_eq!(heard(vec![failed_check()], ExecutionStatus::Failed), 1);
    let passed = StepRecord::example("Monitor", StepKind::QualityCheck);
    assert_eq!(heard(vec![passed], ExecutionStatus::Succeeded), 0);
    let other = StepRecord { kind: StepKind::Transform, ..failed_check() };
    assert_eq!(heard(vec![other], ExecutionStatus::Failed), 0);
}
