//! An environment and a release for the tests of this module.

use super::Release;
use crate::ids::Digest;
use crate::spec::{Alerts, Cloud, Environment, Images, LogGroup, Monitor, Retrain, RetrainOn};
use std::time::Duration;

pub(super) fn environment() -> Environment {
    let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}").parse().unwrap();
    let group = "model-package-group/mammo-severity-model-package";
    Environment {
        name: "prod".parse().unwrap(),
        cloud: Cloud::Rehearsal,
        account: "222222222222".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        deploy_role: role("cross-account-deploy-role"),
        external_id: None,
        approver_role: "arn:aws:iam::333333333333:role/approver".parse().unwrap(),
        train_role: role("train"),
        inference_role: role("inference"),
        lambda_role: role("lambda"),
        events_role: role("events"),
        bucket: "sagemaker-prod-bucket".parse().unwrap(),
        artifacts_bucket: "sagemaker-registry-bucket".parse().unwrap(),
        kms_key: "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555"
            .parse()
            .unwrap(),
        model_name: "mammography-severity-model".into(),
        model_package_group: format!("arn:aws:sagemaker:us-east-1:333333333333:{group}")
            .parse()
            .unwrap(),
        train_pipeline: "mammo-severity-train-pipeline".parse().unwrap(),
        inference_pipeline: "mammo-severity-inference-pipeline".parse().unwrap(),
        schedule: "cron(0 23 * * ? *)".into(),
        batch_dataset: "mammo-batch-dataset".into(),
        alerts: Alerts { topic: "alerts".into(), email: "a@clinic.example.net".into() },
        log_group: LogGroup { name: "jenkins-log".into(), retention_days: None, kms_key: None },
        images: Images::default(),
        monitor: Monitor { fail_on_violation: true, minimum_rows: 100 },
        retrain: Retrain { on: RetrainOn::Drift, cooldown: Duration::from_secs(86_400) },
        endpoint_url: None,
    }
}

pub(super) fn release() -> Release {
    let scripts = ["preprocess.py", "evaluate.py", "batch_preprocess.py"];
    let key = |file: &str| {
        let digest = Digest::of(file);
        format!("mammography-severity-model/scripts/{digest}/{file}")
    };
    let data_digest = Digest::of("the training data");
    Release {
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        repository: "clinic/mammography".into(),
        data_key_prefix: format!("mammography-severity-model/data/train-dataset/{data_digest}"),
        data_digest,
        scripts: scripts.iter().map(|file| ((*file).to_owned(), key(file))).collect(),
        contract_key: key("contract.json"),
        function_version: 3,
        auc_at_least: 0.8,
    }
}
