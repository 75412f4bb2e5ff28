//! The prod environment of the reference and a release into it.

use relevo::definition::{Definition, Kind, Release, render};
use relevo::ids::{Arn, Digest};
use relevo::spec::{
    Alerts, Approval, Cloud, Environment, Images, LogGroup, Monitor, Respond, Retrain,
};

pub(super) fn template(kind: Kind) -> &'static str {
    match kind {
        Kind::Train => include_str!("../../../templates/pipelines/train.json.hbs"),
        Kind::Inference => include_str!("../../../templates/pipelines/inference.json.hbs"),
    }
}

pub(super) fn rendered(kind: Kind) -> Definition {
    render(kind, template(kind), &environment(), &release(&environment())).unwrap()
}

fn arn(text: &str) -> Arn {
    text.parse().unwrap()
}

pub(super) fn environment() -> Environment {
    let execution =
        arn("arn:aws:iam::222222222222:role/service-role/AmazonSageMaker-ExecutionRole");
    Environment {
        name: "prod".parse().unwrap(),
        cloud: Cloud::Rehearsal,
        account: "222222222222".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        deploy_role: arn("arn:aws:iam::222222222222:role/cross-account-deploy-role"),
        external_id: None,
        approver_role: arn("arn:aws:iam::333333333333:role/approver"),
        train_role: execution.clone(),
        inference_role: execution,
        lambda_role: arn("arn:aws:iam::222222222222:role/lambda-sagemaker-role"),
        events_role: arn("arn:aws:iam::222222222222:role/events-start"),
        bucket: "sagemaker-prod-bucket".parse().unwrap(),
        artifacts_bucket: "sagemaker-registry-bucket".parse().unwrap(),
        kms_key: arn("arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555"),
        model_name: "mammography-severity-model".into(),
        model_package_group: arn(
            "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-severity-model-package",
        ),
        train_pipeline: "mammo-severity-train-pipeline".parse().unwrap(),
        inference_pipeline: "mammo-severity-inference-pipeline".parse().unwrap(),
        schedule: "cron(0 23 * * ? *)".into(),
        batch_dataset: "mammo-batch-dataset".into(),
        alerts: Alerts {
            topic: "mammography-model-notification".into(),
            email: "mlops-alerts@clinic.example.net".into(),
        },
        log_group: LogGroup {
            name: "jenkins-log".into(),
            retention_days: Some(90),
            kms_key: None,
            class: Default::default(),
        },
        images: Images::default(),
        monitor: Monitor { minimum_rows: 100, ..Monitor::default() },
        respond: Respond::default(),
        retrain: Retrain::default(),
        approval: Approval::default(),
        windows: None,
        endpoint_url: None,
        sessions: Default::default(),
    }
}

pub(super) fn release(environment: &Environment) -> Release {
    let model = &environment.model_name;
    let key = |file: &str| format!("{model}/scripts/{}/{file}", Digest::of(file));
    let scripts = ["preprocess.py", "evaluate.py", "batch_preprocess.py"];
    let data_digest = Digest::of("the training data");
    Release {
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        repository: "clinic/mammography".into(),
        data_key_prefix: format!("{model}/data/train-dataset/{data_digest}"),
        data_digest,
        scripts: scripts.map(|file| (file.to_owned(), key(file))).into(),
        contract_key: key("contract.json"),
        function_version: 3,
        auc_at_least: 0.8,
    }
}
