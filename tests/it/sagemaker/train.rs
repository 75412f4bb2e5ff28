//! The train definition that the templates give, executed on the repository's own data.

use super::world::{TOKEN, World};
use aws_sdk_sagemaker::types::{ModelApprovalStatus, PipelineExecutionStatus, StepStatus};
use relevo::{
    definition::{Definition, Kind, Release, render},
    ids::Digest,
    spec::DataContract,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    task::Poll,
};

pub(super) const BUCKET: &str = "sagemaker-prod-bucket";

pub(super) fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Uploads data, contract and scripts as a deploy does.
pub(super) async fn release(world: &World) -> Release {
    let data = file("data/mammographic.csv");
    let contract: DataContract = serde_yaml::from_str(&file("data/mammographic.yaml")).unwrap();
    world.upload(BUCKET, "mammo/data/train-dataset/1/mammographic.csv", data.clone()).await;
    world
        .upload(BUCKET, "mammo/scripts/1/contract.json", serde_json::to_vec(&contract).unwrap())
        .await;
    let mut scripts = BTreeMap::new();
    for name in ["preprocess.py", "evaluate.py", "batch_preprocess.py"] {
        let key = format!("mammo/scripts/1/{name}");
        // The stand-ins run in its place; it must be there all the same.
        world.upload(BUCKET, &key, "# python").await;
        scripts.insert(name.to_owned(), key);
    }
    Release {
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        repository: "mlops/mammography".to_owned(),
        data_key_prefix: "mammo/data/train-dataset/1".to_owned(),
        data_digest: Digest::of(data),
        scripts,
        contract_key: "mammo/scripts/1/contract.json".to_owned(),
        function_version: 1,
        auc_at_least: 0.8,
    }
}

/// The train definition of a release.
pub(super) async fn deploy(world: &World) -> Definition {
    let template = file("templates/pipelines/train.json.hbs");
    render(Kind::Train, &template, &world.environment, &release(world).await).unwrap()
}

#[tokio::test]
async fn it_trains_evaluates_and_registers_a_model_for_approval() {
    let world = World::new().await;
    let definition = deploy(&world).await;
    world.create("Mammo-Train", definition.value()).await;
    let execution = world.start("Mammo-Train", &[], TOKEN).await;
    let status = world.finish(&execution).await;
    let steps = world.steps(&execution).await;
    let reasons: Vec<_> = steps.iter().filter_map(|step| step.failure_reason()).collect();
    assert_eq!(status, PipelineExecutionStatus::Succeeded, "{reasons:?}");
    let names: Vec<_> = steps.iter().map(|step| step.step_name().unwrap()).collect();
    assert_eq!(
        names,
        [
            "Mammo-PreProcessing",
            "Mammo-Train",
            "Mammo-Eval",
            "Mammo-CheckAUCScore",
            "Mammo-DataQualityCheck",
            "Mammo-RegisterModel-RegisterModel",
        ]
    );
    let job = steps[1].metadata().unwrap().training_job().unwrap().arn().unwrap();
    let (kind, name) = job.rsplit_once('/').unwrap();
    assert!(kind.ends_with(":training-job") && name.starts_with("pipelines-"), "{job}");
    let job =
        world.sagemaker().describe_training_job().training_job_name(name).send().await.unwrap();
    assert_eq!(job.training_job_status().unwrap().as_str(), "Completed");
    assert_eq!(job.hyper_parameters().unwrap()["num_round"], "50");
    let check = steps[4].metadata().unwrap().quality_check().unwrap();
    assert_eq!((check.check_type(), check.skip_check()), (Some("DATA_QUALITY"), Some(true)));
    assert_eq!(
        check.calculated_baseline_statistics(),
        check.baseline_used_for_drift_check_statistics()
    );
    assert!(steps.iter().all(|step| step.end_time() > step.start_time()));
    let package = steps[5].metadata().unwrap().register_model().unwrap().arn().unwrap().to_owned();
    let registry = world.sagemaker_of("333333333333");
    let package =
        registry.describe_model_package().model_package_name(package).send().await.unwrap();
    assert_eq!(package.model_approval_status(), Some(&ModelApprovalStatus::PendingManualApproval));
    assert_eq!(package.metadata_properties().unwrap().generated_by(), Some(execution.as_str()));
    let container = &package.inference_specification().unwrap().containers()[0];
    assert!(container.model_data_e_tag().is_some());
    let model = world.download(container.model_data_url().unwrap()).await;
    assert!(!model.is_empty());
    let quality = package.model_metrics().unwrap().model_quality().unwrap();
    let evaluation = world.json(quality.statistics().unwrap().s3_uri().unwrap()).await;
    let auc = evaluation["classification_metrics"]["auc"]["value"].as_f64().unwrap();
    assert!(auc > 0.8, "{auc}");
    let baselines = package.drift_check_baselines().unwrap().model_data_quality().unwrap();
    let statistics = world.json(baselines.statistics().unwrap().s3_uri().unwrap()).await;
    assert_eq!(statistics["features"].as_array().unwrap().len(), 4);
    let notes = package.customer_metadata_properties().unwrap();
    assert_eq!(notes["data_window"], "all");
    assert_eq!(notes["champion_url"], format!("s3://{BUCKET}/mammo/scripts/1/contract.json"));
    assert_eq!(json!(notes["evidence_digest"]), evaluation["evidence_digest"]);
    let imputer = world.json(&package.customer_metadata_properties().unwrap()["imputer_uri"]).await;
    assert_eq!(imputer["columns"][0], "Age");
}

#[tokio::test]
async fn a_challenger_is_scored_beside_the_champion_it_was_given() {
    let world = World::new().await;
    world.create("Mammo-Train", deploy(&world).await.value()).await;
    let first = world.start("Mammo-Train", &[], TOKEN).await;
    world.finish(&first).await;
    let registry = world.sagemaker_of("333333333333");
    let package = "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-package";
    let version = |number: u32| {
        registry.describe_model_package().model_package_name(format!("{package}/{number}")).send()
    };
    let described = version(1).await.unwrap();
    let container = &described.inference_specification().unwrap().containers()[0];
    let champion = container.model_data_url().unwrap();
    let parameters = [("ChampionUrl", champion), ("DataWindow", "2025-11-03/2026-01-31")];
    let second = world.start("Mammo-Train", &parameters, "another-token-of-at-least-32-letters");
    assert_eq!(world.finish(&second.await).await, PipelineExecutionStatus::Succeeded);
    let described = version(2).await.unwrap();
    let notes = described.customer_metadata_properties().unwrap();
    assert_eq!((&*notes["champion_url"], &*notes["data_window"]), (champion, parameters[1].1));
    let quality = described.model_metrics().unwrap().model_quality().unwrap();
    let evaluation = world.json(quality.statistics().unwrap().s3_uri().unwrap()).await;
    let auc = &evaluation["classification_metrics"]["auc"];
    assert_eq!(&evaluation["champion"]["auc"], auc, "the same data gives the same model");
    let digest = Digest::of(world.download(champion).await);
    assert_eq!(evaluation["champion"]["model_digest"], digest.as_str());
}

#[tokio::test]
async fn a_model_below_the_floor_is_not_registered() {
    let world = World::new().await;
    world.create("Mammo-Train", deploy(&world).await.value()).await;
    let execution = world.start("Mammo-Train", &[("AucScoreThreshold", "0.99")], TOKEN).await;
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Failed);
    let steps = world.steps(&execution).await;
    let last = steps.last().unwrap();
    assert_eq!(
        (last.step_name(), last.step_status()),
        (Some("Mammo-AUCFail"), Some(&StepStatus::Failed))
    );
    let reason = last.failure_reason().unwrap();
    assert!(reason.ends_with("is less than the required 0.99"), "{reason}");
}

#[tokio::test]
async fn training_again_gives_the_same_scores() {
    let world = World::new().await;
    world.create("Mammo-Train", deploy(&world).await.value()).await;
    let mut scores = Vec::new();
    for token in [TOKEN, "another-token-of-at-least-32-letters"] {
        let execution = world.start("Mammo-Train", &[], token).await;
        world.finish(&execution).await;
        let (_, id) = execution.rsplit_once('/').unwrap();
        let uri = format!("s3://sagemaker-registry-bucket/mammo/{id}/output/evaluation/scores.csv");
        scores.push(world.download(&uri).await);
    }
    assert_eq!(scores[0], scores[1]);
}

/// Polls `request` at most `polls` times, then drops it wherever it is.
pub(super) async fn abandon(request: impl Future, polls: usize) {
    let mut request = std::pin::pin!(request);
    let mut left = polls;
    std::future::poll_fn(|context| {
        left = left.saturating_sub(1);
        match request.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending if left == 0 => Poll::Ready(()),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
}

#[tokio::test]
async fn requests_dropped_anywhere_leave_each_step_done_once_or_not_at_all() {
    let world = World::new().await;
    world.create("Mammo-Train", deploy(&world).await.value()).await;
    let execution = world.start("Mammo-Train", &[], TOKEN).await;
    for polls in 1..60 {
        world.pass(1);
        abandon(world.status(&execution), polls).await;
    }
    assert_eq!(world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
    let steps = world.steps(&execution).await;
    let names: BTreeSet<_> = steps.iter().map(|step| step.step_name().unwrap()).collect();
    assert_eq!((steps.len(), names.len()), (6, 6));
    let registry = world.sagemaker_of("333333333333");
    let packages = registry.list_model_packages().model_package_group_name("mammo-package");
    assert_eq!(packages.send().await.unwrap().model_package_summary_list().len(), 1);
}
