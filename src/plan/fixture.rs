//! An environment and a commit for tests.

use super::{Blueprint, DataFile, Templates};
use crate::{
    ids::Sha,
    spec::{
        Alerts, Approval, Cloud, Column, ColumnKind, DataContract, Environment, Images, LogGroup,
        Monitor, Respond, Retrain, Role,
    },
};
use std::collections::BTreeMap;

pub(crate) fn environment() -> Environment {
    let role = |name: &str| format!("arn:aws:iam::222222222222:role/{name}").parse().unwrap();
    Environment {
        name: "prod".parse().unwrap(),
        cloud: Cloud::Rehearsal,
        account: "222222222222".parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        deploy_role: role("cross-account-deploy-role"),
        external_id: Some("relevo-prod".to_owned()),
        approver_role: "arn:aws:iam::333333333333:role/model-approver".parse().unwrap(),
        train_role: role("service-role/AmazonSageMaker-ExecutionRole"),
        inference_role: role("service-role/AmazonSageMaker-ExecutionRole"),
        lambda_role: role("lambda-sagemaker-role"),
        events_role: role("events-start-role"),
        bucket: "sagemaker-prod-bucket".parse().unwrap(),
        artifacts_bucket: "sagemaker-registry-bucket".parse().unwrap(),
        kms_key: "arn:aws:kms:us-east-1:222222222222:key/11111111-2222-3333-4444-555555555555"
            .parse()
            .unwrap(),
        model_name: "mammography-severity-model".to_owned(),
        model_package_group:
            "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-severity-model-package"
                .parse()
                .unwrap(),
        train_pipeline: "Mammo-Severity-Train".parse().unwrap(),
        inference_pipeline: "mammo-severity-inference-pipeline".parse().unwrap(),
        schedule: "cron(0 23 * * ? *)".to_owned(),
        batch_dataset: "mammo-batch-dataset".to_owned(),
        alerts: Alerts {
            topic: "mammography-model-notification".to_owned(),
            email: "mlops-alerts@clinic.example.net".to_owned(),
        },
        log_group: LogGroup {
            name: "jenkins-log".to_owned(),
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

/// A commit's files.
pub(crate) struct Commit {
    sha: Sha,
    pub(crate) scripts: BTreeMap<String, String>,
    contract: DataContract,
    pub(crate) train: String,
}

impl Commit {
    pub(crate) fn first() -> Self {
        let scripts = [
            ("preprocess.py", "print('preprocess')"),
            ("evaluate.py", "print('evaluate')"),
            ("batch_preprocess.py", "print('batch')"),
            ("latest_approved_model.py", "def handler(event, context): return {}"),
        ];
        let column = |name: &str, role| Column {
            name: name.to_owned(),
            kind: ColumnKind::Integer,
            range: [0.0, 120.0],
            role,
        };
        Self {
            sha: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            scripts: scripts.map(|(file, text)| (file.to_owned(), text.to_owned())).into(),
            contract: DataContract {
                columns: vec![column("Age", Role::Feature), column("Severity", Role::Label)],
                missing: "?".to_owned(),
            },
            train: include_str!("../../templates/pipelines/train.json.hbs").to_owned(),
        }
    }

    /// The same files under another commit.
    pub(crate) fn again(self) -> Self {
        Self { sha: "fedcba9876543210fedcba9876543210fedcba98".parse().unwrap(), ..self }
    }

    pub(crate) fn blueprint<'a>(&'a self, environment: &'a Environment) -> Blueprint<'a> {
        Blueprint {
            environment,
            commit: &self.sha,
            repository: "clinic/mammography",
            templates: Templates {
                train: &self.train,
                inference: include_str!("../../templates/pipelines/inference.json.hbs"),
            },
            scripts: &self.scripts,
            contract: &self.contract,
            data: DataFile { name: "mammographic.csv", content: b"Age,Severity\n44,0\n71,1\n" },
            auc_at_least: 0.8,
        }
    }
}
