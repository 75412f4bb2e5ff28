use super::*;
use crate::{
    monitor::{CheckKind, Header, Table, constraints, statistics},
    spec::{Column, ColumnKind},
    watch::FailedStep,
};
use std::collections::BTreeMap;

fn execution(status: ExecutionStatus) -> PastExecution {
    PastExecution {
        arn: "arn:aws:sagemaker:us-east-1:2:pipeline/i/execution/abc".to_owned(),
        name: "execution-1".to_owned(),
        status,
        began: "2026-11-22T23:00:00Z".parse().unwrap(),
    }
}

fn step(name: &str, failure: Option<&str>, detail: StepDetail) -> StepRecord {
    StepRecord {
        name: name.to_owned(),
        status: if failure.is_some() { StepStatus::Failed } else { StepStatus::Succeeded },
        failure_reason: failure.map(str::to_owned),
        started: None,
        ended: None,
        detail,
    }
}

fn check(failure: Option<&str>) -> StepRecord {
    let detail = StepDetail::QualityCheck {
        violation_report: failure.map(|_| "s3://b/report.json".to_owned()),
        statistics: Some("s3://b/statistics.json".to_owned()),
        constraints: None,
        baseline_statistics: Some("s3://b/baseline.json".to_owned()),
        baseline_constraints: None,
    };
    step("Mammo-DataQualityMonitor", failure, detail)
}

fn lambda(failure: Option<&str>) -> StepRecord {
    step("LambdaStep", failure, StepDetail::Lambda(BTreeMap::new()))
}

fn preprocessing(failure: &str) -> StepRecord {
    step("Mammo-BatchPreProcessing", Some(failure), StepDetail::Processing("arn".to_owned()))
}

const VIOLATED: &str =
    "ClientError: Quality check failed. See violation report: s3://b/report.json";

/// Ages of `rows` people, the youngest of whom is `from`.
fn reports(from: u32, rows: u32) -> Reports {
    let table = |from: u32, rows: u32| {
        let text: String = (0..rows).map(|n| format!("{}\n", from + n * 37 % 40)).collect();
        Table::read([text.as_str()], Header::Absent).unwrap()
    };
    let baseline = table(30, 400);
    Reports {
        batch: statistics(&table(from, rows)),
        baseline: statistics(&baseline),
        constraints: Some(constraints(&baseline)),
        violations: Vec::new(),
    }
}

fn contract() -> DataContract {
    let column = |name: &str, role| Column {
        name: name.to_owned(),
        kind: ColumnKind::Integer,
        range: [0.0, 120.0],
        role,
    };
    DataContract {
        columns: vec![
            column("BI-RADS", Role::Ignored),
            column("Age", Role::Feature),
            column("Severity", Role::Label),
        ],
        missing: "?".to_owned(),
    }
}

fn judged(status: ExecutionStatus, steps: &[StepRecord], reports: Option<&Reports>) -> Case {
    let contract = contract();
    let yardstick = Yardstick { monitor: Monitor::default(), contract: Some(&contract) };
    judge(&execution(status), steps, reports, yardstick)
}

#[test]
fn a_clean_batch_is_clean_whatever_the_check_made_of_it() {
    let reports = reports(30, 80);
    let case = judged(ExecutionStatus::Succeeded, &[check(None)], Some(&reports));
    assert_eq!((case.finding, case.grounds.predictions), (Finding::Clean, Predictions::Made));
    let case = judged(ExecutionStatus::Failed, &[check(Some(VIOLATED))], Some(&reports));
    assert_eq!((case.finding, case.grounds.predictions), (Finding::Clean, Predictions::Withheld));
}

#[test]
fn drift_is_drift_whether_or_not_the_step_failed_and_has_a_name() {
    let reports = reports(60, 80);
    for (status, step) in [
        (ExecutionStatus::Failed, check(Some(VIOLATED))),
        (ExecutionStatus::Succeeded, check(None)),
    ] {
        let case = judged(status, &[lambda(None), step], Some(&reports));
        assert_eq!(case.finding, Finding::Drift);
        let assessment = case.grounds.assessment.unwrap();
        assert!(assessment.drifted().map(|feature| feature.name.as_str()).eq(["Age"]));
    }
}

#[test]
fn a_few_rows_are_too_few() {
    let case = judged(ExecutionStatus::Succeeded, &[check(None)], Some(&reports(60, 10)));
    assert_eq!(case.finding, Finding::TooFewRows);
}

#[test]
fn a_check_that_left_no_report_is_a_failure_of_the_machinery() {
    let no_report = step(
        "Mammo-DataQualityMonitor",
        Some("CapacityError: Unable to provision requested ML compute capacity"),
        StepDetail::Other,
    );
    let case = judged(ExecutionStatus::Failed, &[lambda(None), no_report], None);
    assert_eq!(case.finding, Finding::InfrastructureFailure);
    let failed = case.grounds.failed.unwrap();
    assert!(failed.reason.unwrap().starts_with("CapacityError"));
}

#[test]
fn a_step_that_fails_beside_a_clean_check_is_a_failure_of_the_machinery() {
    let transform =
        step("Mammo-Transform", Some("ClientError: no access"), StepDetail::Transform("a".into()));
    let steps = [lambda(None), check(None), transform];
    let case = judged(ExecutionStatus::Failed, &steps, Some(&reports(30, 80)));
    assert_eq!(case.finding, Finding::InfrastructureFailure);
    let case = judged(ExecutionStatus::Failed, &steps, Some(&reports(60, 80)));
    assert_eq!(case.finding, Finding::Drift, "the drift is there all the same");
}

#[test]
fn reports_that_cannot_be_judged_are_no_clean_bill() {
    let reports = Reports { batch: serde_json::json!({}), ..reports(30, 80) };
    let case = judged(ExecutionStatus::Succeeded, &[check(None)], Some(&reports));
    assert_eq!(case.finding, Finding::InfrastructureFailure);
    assert!(case.grounds.failed.unwrap().reason.unwrap().contains("statistics.json"));
}

#[test]
fn no_model_is_neither_drift_nor_failure() {
    let reason = r#"ClientError: Lambda failed: {"errorMessage": "no approved model version", "errorType":"NoApprovedModel"}"#;
    let case = judged(ExecutionStatus::Failed, &[lambda(Some(reason))], None);
    assert_eq!(case.finding, Finding::NothingApproved);
    let unusable = reason.replace("NoApprovedModel", "UnusableModel");
    let case = judged(ExecutionStatus::Failed, &[lambda(Some(&unusable))], None);
    assert_eq!(case.finding, Finding::InfrastructureFailure);
}

#[test]
fn a_batch_that_breaks_the_contract_is_a_defect_even_if_it_also_drifted() {
    let breach = "AlgorithmError: batch_preprocess: the data breaks its contract: batch.csv:3: column 'Age' is not a number";
    let case = judged(
        ExecutionStatus::Failed,
        &[preprocessing(breach), check(Some(VIOLATED))],
        Some(&reports(60, 80)),
    );
    assert_eq!(case.finding, Finding::DataDefect);
    assert_eq!(case.grounds.failed.unwrap().reason.as_deref(), Some(breach));
    let mut violated = reports(30, 80);
    violated.violations.push(Violation {
        feature_name: "_c0".to_owned(),
        constraint_check_type: CheckKind::DataType,
        description: "Only 90 % of data is Integral.".to_owned(),
    });
    let case = judged(ExecutionStatus::Failed, &[check(Some(VIOLATED))], Some(&violated));
    assert_eq!(case.finding, Finding::DataDefect);
}

#[test]
fn a_container_s_own_words_are_not_repeated() {
    let reason = "AlgorithmError: ValueError: could not convert string to float: '3,67,3'";
    let case = judged(ExecutionStatus::Failed, &[preprocessing(reason)], None);
    assert_eq!(case.finding, Finding::InfrastructureFailure);
    let step = "Mammo-BatchPreProcessing".to_owned();
    assert_eq!(case.grounds.failed, Some(FailedStep { step, reason: None }));
}

#[test]
fn what_was_stopped_was_stopped() {
    let case = judged(ExecutionStatus::Stopped, &[lambda(None)], None);
    assert_eq!(case.finding, Finding::Stopped);
    let case = judged(ExecutionStatus::Succeeded, &[lambda(None)], None);
    assert_eq!(case.finding, Finding::NotChecked);
    let case = judged(ExecutionStatus::Failed, &[], None);
    assert_eq!(case.finding, Finding::InfrastructureFailure);
}
