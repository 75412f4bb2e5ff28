//! A rehearsal in a temporary folder, with a clock that the test owns.

use crate::world::administrator;
use aws_sdk_sagemaker::{
    error::ProvideErrorMetadata,
    types::{PipelineExecutionStatus, PipelineExecutionStep, SortOrder},
};
use aws_types::SdkConfig;
use jiff::{SignedDuration, Timestamp};
use relevo::{
    rehearsal::{Landscape, Rehearsal},
    spec::{Alerts, Approval, Cloud, Environment, Images, LogGroup, Monitor, Respond, Retrain},
};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// More looks than any execution here has steps.
const MAX_LOOKS: usize = 40;

/// A token as the service wants it.
pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

pub(super) struct World {
    pub(super) environment: Environment,
    rehearsal: Rehearsal,
    folder: Arc<tempfile::TempDir>,
    now: Arc<Mutex<Timestamp>>,
}

pub(super) fn environment(name: &str, account: &str) -> Environment {
    let arn = |text: String| text.parse().unwrap();
    let role = |role: &str| arn(format!("arn:aws:iam::{account}:role/{role}"));
    Environment {
        name: name.parse().unwrap(),
        cloud: Cloud::Rehearsal,
        account: account.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        deploy_role: role("deploy"),
        external_id: Some("relevo".to_owned()),
        approver_role: role("approver"),
        train_role: role("execution"),
        inference_role: role("execution"),
        lambda_role: role("lambda"),
        events_role: role("events"),
        bucket: format!("sagemaker-{name}-bucket").parse().unwrap(),
        artifacts_bucket: "sagemaker-registry-bucket".parse().unwrap(),
        kms_key: arn(format!("arn:aws:kms:us-east-1:{account}:key/k")),
        model_name: "mammo".to_owned(),
        model_package_group: arn(
            "arn:aws:sagemaker:us-east-1:333333333333:model-package-group/mammo-package".to_owned(),
        ),
        train_pipeline: "Mammo-Train".parse().unwrap(),
        inference_pipeline: "Mammo-Inference".parse().unwrap(),
        schedule: "cron(0 23 * * ? *)".to_owned(),
        batch_dataset: "batch".to_owned(),
        alerts: Alerts { topic: "alerts".to_owned(), email: "a@clinic.example.net".to_owned() },
        log_group: LogGroup {
            name: "jenkins-log".to_owned(),
            retention_days: None,
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

impl World {
    pub(super) async fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let start: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        Self::open(folder, Arc::new(Mutex::new(start))).await
    }

    async fn open(folder: Arc<tempfile::TempDir>, now: Arc<Mutex<Timestamp>>) -> Self {
        let environment = environment("prod", "222222222222");
        let dev = self::environment("dev", "111111111111");
        let landscape = Landscape::from(&[dev, environment.clone()]);
        let clock = Arc::clone(&now);
        let clock = Arc::new(move || *clock.lock().unwrap());
        let path = folder.path().join("rehearsal.db");
        let rehearsal = Rehearsal::open(&path, landscape, clock).await.unwrap();
        Self { environment, rehearsal, folder, now }
    }

    /// Another process on the same file.
    pub(super) async fn again(&self) -> Self {
        Self::open(Arc::clone(&self.folder), Arc::clone(&self.now)).await
    }

    pub(super) fn pass(&self, seconds: i64) {
        *self.now.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    fn config(&self, account: &str) -> SdkConfig {
        administrator(&self.rehearsal, account)
    }

    pub(super) fn sagemaker(&self) -> aws_sdk_sagemaker::Client {
        self.sagemaker_of("222222222222")
    }

    pub(super) fn sagemaker_of(&self, account: &str) -> aws_sdk_sagemaker::Client {
        aws_sdk_sagemaker::Client::new(&self.config(account))
    }

    pub(super) fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.config("222222222222"))
    }

    pub(super) async fn upload(&self, bucket: &str, key: &str, content: impl Into<Vec<u8>>) {
        let s3 = aws_sdk_s3::Client::new(&self.config("222222222222"));
        let content: Vec<u8> = content.into();
        s3.put_object().bucket(bucket).key(key).body(content.into()).send().await.unwrap();
    }

    pub(super) async fn download(&self, uri: &str) -> Vec<u8> {
        let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        let s3 = aws_sdk_s3::Client::new(&self.config("222222222222"));
        let object = s3.get_object().bucket(bucket).key(key).send().await.unwrap();
        object.body.collect().await.unwrap().to_vec()
    }

    pub(super) async fn json(&self, uri: &str) -> Value {
        serde_json::from_slice(&self.download(uri).await).unwrap()
    }

    /// Creates the pipeline `name` and gives its ARN.
    pub(super) async fn create(&self, name: &str, definition: &Value) -> String {
        let created = self
            .sagemaker()
            .create_pipeline()
            .pipeline_name(name)
            .role_arn(self.environment.train_role.as_str())
            .client_request_token(TOKEN)
            .pipeline_definition(definition.to_string())
            .send()
            .await
            .unwrap();
        created.pipeline_arn.unwrap()
    }

    /// Starts `name` and gives the ARN of the execution.
    pub(super) async fn start(
        &self,
        name: &str,
        parameters: &[(&str, &str)],
        token: &str,
    ) -> String {
        let mut start = self
            .sagemaker()
            .start_pipeline_execution()
            .pipeline_name(name)
            .client_request_token(token);
        for (name, value) in parameters {
            let parameter = aws_sdk_sagemaker::types::Parameter::builder();
            start = start.pipeline_parameters(parameter.name(*name).value(*value).build());
        }
        start.send().await.unwrap().pipeline_execution_arn.unwrap()
    }

    pub(super) async fn status(&self, execution: &str) -> PipelineExecutionStatus {
        let described =
            self.sagemaker().describe_pipeline_execution().pipeline_execution_arn(execution);
        described.send().await.unwrap().pipeline_execution_status.unwrap()
    }

    /// Looks at the execution, a second each, until it has ended.
    pub(super) async fn finish(&self, execution: &str) -> PipelineExecutionStatus {
        for _ in 0..MAX_LOOKS {
            self.pass(1);
            match self.status(execution).await {
                PipelineExecutionStatus::Executing | PipelineExecutionStatus::Stopping => {}
                status => return status,
            }
        }
        panic!("{execution} did not end after {MAX_LOOKS} looks");
    }

    /// The steps of the execution, the first first.
    pub(super) async fn steps(&self, execution: &str) -> Vec<PipelineExecutionStep> {
        let listed = self
            .sagemaker()
            .list_pipeline_execution_steps()
            .pipeline_execution_arn(execution)
            .sort_order(SortOrder::Ascending)
            .send()
            .await
            .unwrap();
        listed.pipeline_execution_steps.unwrap()
    }
}

/// Code and message of a refusal.
pub(super) fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata>(
    result: Result<T, E>,
) -> (String, String) {
    let error = result.map(|answer| panic!("not refused: {answer:?}")).unwrap_err();
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}
