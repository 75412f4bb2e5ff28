//! The inference definition that the templates give, executed on batches with the model that is approved.

use super::{clinic::Clinic, train::abandon, world::TOKEN};
use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use flate2::read::GzDecoder;
use forust_ml::{GradientBooster, Matrix};
use relevo::model::Imputer;
use std::io::Read as _;

/// The scores that the model in `archive` gives the rows of a CSV text, computed apart from the rehearsal.
fn scores(archive: &[u8], rows: &[Vec<f64>]) -> Vec<f64> {
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    let mut model = String::new();
    archive.entries().unwrap().next().unwrap().unwrap().read_to_string(&mut model).unwrap();
    let booster = GradientBooster::from_json(&model).unwrap();
    let columns = rows[0].len();
    let cells: Vec<f64> =
        (0..columns).flat_map(|column| rows.iter().map(move |row| row[column])).collect();
    let margins = booster.predict(&Matrix::new(&cells, rows.len(), columns), false);
    margins.into_iter().map(|margin| 1.0 / (1.0 + (-margin).exp())).collect()
}

fn numbers(text: &str) -> Vec<Vec<Option<f64>>> {
    text.lines().map(|line| line.split(',').map(|cell| cell.parse().ok()).collect()).collect()
}

/// The same rows with everybody thirty years older.
fn drifted(batch: &str) -> String {
    let older = |line: &str| match line.split_once(',') {
        Some((age, rest)) => {
            let age = age
                .parse::<u32>()
                .map_or_else(|_| String::new(), |age| (age + 30).min(120).to_string());
            format!("{age},{rest}\n")
        }
        None => panic!("no row: {line}"),
    };
    batch.lines().map(older).collect()
}

#[tokio::test]
async fn a_clean_batch_is_scored_row_by_row_by_the_approved_model() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    let night = clinic.night(&clinic.clean).await;
    assert_eq!(night.status, PipelineExecutionStatus::Succeeded, "{:?}", night.failures());
    assert_eq!(night.check().violation_report(), None);

    let outputs = clinic.world.download(&night.predictions()).await;
    let joined = numbers(&String::from_utf8(outputs).unwrap());
    let rows: Vec<Vec<f64>> =
        joined.iter().map(|row| row[..4].iter().map(|cell| cell.unwrap()).collect()).collect();
    let archive = clinic.world.download(&clinic.artefact(1).await).await;
    let predicted: Vec<f64> = joined.iter().map(|row| row[4].unwrap()).collect();
    assert_eq!(predicted, scores(&archive, &rows));

    let batch: Vec<Vec<f64>> =
        numbers(&clinic.clean).into_iter().map(|row| row.into_iter().flatten().collect()).collect();
    assert_eq!(rows, batch);
}

#[tokio::test]
async fn blanks_are_filled_with_the_medians_of_training() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    clinic.tolerate_violations().await;
    let blanked = |(n, line): (usize, &str)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        cells[n % 4] = if n % 2 == 0 { "" } else { "?" };
        cells.join(",") + "\n"
    };
    let batch: String = clinic.clean.lines().take(12).enumerate().map(blanked).collect();
    let night = clinic.night(&batch).await;
    assert_eq!(night.status, PipelineExecutionStatus::Succeeded, "{:?}", night.failures());
    let imputer = clinic.world.download(night.found("imputer_uri")).await;
    let imputer = Imputer::from_json(&String::from_utf8(imputer).unwrap()).unwrap();
    let outputs = clinic.world.download(&night.predictions()).await;
    let joined = numbers(&String::from_utf8(outputs).unwrap());
    let rows: Vec<Vec<f64>> =
        joined.iter().map(|row| row[..4].iter().map(|cell| cell.unwrap()).collect()).collect();
    let filled: Vec<Vec<f64>> = numbers(&batch).iter().map(|row| imputer.apply(row)).collect();
    assert_eq!(rows, filled);
}

#[tokio::test]
async fn a_drifted_batch_is_not_scored_and_its_report_says_why() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    let night = clinic.night(&drifted(&clinic.clean)).await;
    assert_eq!(night.status, PipelineExecutionStatus::Failed);
    assert!(!night.ran("Mammo-Transform"));
    let report = night.check().violation_report().unwrap();
    assert_eq!(
        night.failure("Mammo-DataQualityMonitor"),
        format!("ClientError: Quality check failed. See violation report: {report}")
    );
    assert!(night.check().check_job_arn().unwrap().contains(":processing-job/pipelines-"));
    assert_eq!(night.check().skip_check(), Some(false));
    let baseline = night.check().baseline_used_for_drift_check_statistics().unwrap();
    assert!(baseline.starts_with("s3://sagemaker-registry-bucket/mammo/"), "{baseline}");
    let report = clinic.world.json(report).await;
    let violations = report["violations"].as_array().unwrap();
    let drift = |violation: &&serde_json::Value| {
        violation["constraint_check_type"] == "baseline_drift_check"
    };
    let drift: Vec<_> = violations.iter().filter(drift).map(|one| &one["feature_name"]).collect();
    assert_eq!(drift, ["_c0"]);
    let (folder, _) = night.check().violation_report().unwrap().rsplit_once('/').unwrap();
    for name in ["statistics.json", "constraints.json"] {
        assert_eq!(
            clinic.world.json(&format!("{folder}/{name}")).await["features"]
                .as_array()
                .unwrap()
                .len(),
            4
        );
    }
}

#[tokio::test]
async fn where_violations_do_not_fail_the_check_drift_is_told_and_scored() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    clinic.tolerate_violations().await;
    let night = clinic.night(&drifted(&clinic.clean)).await;
    assert_eq!(night.status, PipelineExecutionStatus::Succeeded, "{:?}", night.failures());
    assert!(night.check().violation_report().is_some());
    assert!(!clinic.world.download(&night.predictions()).await.is_empty());
}

#[tokio::test]
async fn nothing_approved_is_an_outcome_with_a_name() {
    let clinic = Box::pin(Clinic::new()).await;
    let night = clinic.night(&clinic.clean).await;
    assert_eq!(night.status, PipelineExecutionStatus::Failed);
    let reason = night.failure("LambdaStep");
    assert!(reason.contains(r#""errorType":"NoApprovedModel""#), "{reason}");
    assert_eq!(night.steps.len(), 1);
}

#[tokio::test]
async fn a_model_that_was_changed_after_it_was_registered_is_not_used() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    let artefact = clinic.artefact(1).await;
    let (bucket, key) = artefact.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    clinic.world.upload(bucket, key, "another model").await;
    let night = clinic.night(&clinic.clean).await;
    let reason = night.failure("LambdaStep");
    assert!(reason.contains(r#""errorType":"UnusableModel""#), "{reason}");
    assert!(reason.contains("was changed after it was registered"), "{reason}");
}

#[tokio::test]
async fn the_version_approved_last_is_used_even_if_it_is_older() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.train("another-token-of-at-least-32-letters").await;
    clinic.approve(2).await;
    let night = clinic.night(&clinic.clean).await;
    assert!(night.found("model_package_arn").ends_with("/mammo-package/2"));
    clinic.approve(1).await;
    let night = clinic.night(&clinic.clean).await;
    assert!(night.found("model_package_arn").ends_with("/mammo-package/1"));
}

#[tokio::test]
async fn no_night_overwrites_another() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    let first = clinic.night(&clinic.clean).await;
    let before = clinic.world.download(&first.predictions()).await;
    let fewer: String = clinic.clean.lines().skip(1).map(|line| format!("{line}\n")).collect();
    let second = clinic.night(&fewer).await;
    assert_ne!(first.predictions(), second.predictions());
    assert_eq!(clinic.world.download(&first.predictions()).await, before);
    let transform = first.steps.last().unwrap().metadata().unwrap().transform_job().unwrap();
    let (_, name) = transform.arn().unwrap().rsplit_once('/').unwrap();
    let client = clinic.world.sagemaker();
    let job = client.describe_transform_job().transform_job_name(name).send().await.unwrap();
    assert_eq!(job.transform_job_status().unwrap().as_str(), "Completed");
    assert_eq!(job.data_processing().unwrap().join_source().unwrap().as_str(), "Input");
}

#[tokio::test]
async fn rows_that_break_the_contract_stop_the_night_and_the_monitor_still_reports() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    let night = clinic.night(&clinic.clean.replacen("3,", "x,", 1)).await;
    assert_eq!(night.status, PipelineExecutionStatus::Failed);
    let reason = night.failure("Mammo-BatchPreProcessing");
    assert!(
        reason.starts_with("AlgorithmError: batch_preprocess: the data breaks its contract"),
        "{reason}"
    );
    assert!(night.check().violation_report().is_some());
    assert!(!night.ran("Mammo-Transform"));
}

#[tokio::test]
async fn a_night_whose_requests_are_dropped_anywhere_still_runs_each_step_once() {
    let clinic = Box::pin(Clinic::new()).await;
    clinic.approve(1).await;
    clinic
        .world
        .upload("sagemaker-prod-bucket", "mammo/data/batch-dataset/batch.csv", clinic.clean.clone())
        .await;
    let execution = clinic.world.start("Mammo-Inference", &[], TOKEN).await;
    for polls in 1..40 {
        clinic.world.pass(1);
        abandon(clinic.world.status(&execution), polls).await;
    }
    assert_eq!(clinic.world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    let steps = clinic.world.steps(&execution).await;
    let names: Vec<_> = steps.iter().map(|step| step.step_name().unwrap()).collect();
    assert_eq!(
        names,
        [
            "LambdaStep",
            "Mammo-BatchPreProcessing",
            "Mammo-CreateModel-CreateModel",
            "Mammo-DataQualityMonitor",
            "Mammo-Transform",
        ]
    );
}

#[tokio::test]
async fn the_function_sees_no_more_than_its_role_may() {
    let clinic = Box::pin(Clinic::new()).await;
    let mut definition = clinic.definition().await;
    let other = "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/other";
    definition["Steps"][0]["Arguments"]["model_package_group_name"] = other.into();
    clinic.redefine(&definition).await;
    let night = clinic.night(&clinic.clean).await;
    let reason = night.failure("LambdaStep");
    assert!(reason.contains(r#""errorType":"ClientError""#), "{reason}");
    assert!(reason.contains("assumed-role/lambda/"), "{reason}");
    assert!(reason.contains("not authorized to perform: sagemaker:ListModelPackages"), "{reason}");
}

#[tokio::test]
async fn a_function_without_a_stand_in_says_so() {
    let clinic = Box::pin(Clinic::new()).await;
    let mut definition = clinic.definition().await;
    let code = aws_sdk_lambda::primitives::Blob::new(other_code());
    let lambda = clinic.world.lambda();
    let name =
        definition["Steps"][0]["FunctionArn"].as_str().unwrap().trim_end_matches(":1").to_owned();
    let update = lambda.update_function_code().function_name(&name).zip_file(code).publish(true);
    assert_eq!(update.send().await.unwrap().version(), Some("2"));
    definition["Steps"][0]["FunctionArn"] = format!("{name}:2").into();
    clinic.redefine(&definition).await;
    let night = clinic.night(&clinic.clean).await;
    let reason = night.failure("LambdaStep");
    assert!(reason.contains(&format!("no stand-in for the code of {name}:2")), "{reason}");
}

fn other_code() -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("latest_approved_model.py", options).unwrap();
    std::io::Write::write_all(&mut archive, b"def handler(event, context): return {}\n").unwrap();
    archive.finish().unwrap().into_inner()
}
