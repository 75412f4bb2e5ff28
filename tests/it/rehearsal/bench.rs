//! A rehearsal in a temporary folder, with a clock that tests set.

use crate::world::administrator;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_types::retry::RetryConfig;
use aws_types::{SdkConfig, region::Region};
use jiff::{SignedDuration, Timestamp};
use relevo::{
    rehearsal::{BaseCredentials, Landscape, Policy, Rehearsal},
    spec::Environment,
};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(crate) use crate::cloud::{DEV, PROD, REGISTRY};

/// A rehearsal of dev, prod and the registry.
pub(crate) struct Bench {
    pub(crate) rehearsal: Rehearsal,
    pub(crate) folder: TempDir,
    clock: Arc<Mutex<Timestamp>>,
}

/// An environment as the shipped files describe it.
pub(crate) fn environment(name: &str, account: &str) -> Environment {
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    serde_json::from_value(json!({
        "name": name,
        "cloud": "rehearsal",
        "account": account,
        "region": "us-east-1",
        "deploy_role": role("cross-account-deploy-role"),
        "external_id": format!("relevo-{name}"),
        "approver_role": format!("arn:aws:iam::{REGISTRY}:role/model-approver-role"),
        "train_role": role("service-role/AmazonSageMaker-ExecutionRole"),
        "inference_role": role("service-role/AmazonSageMaker-ExecutionRole"),
        "lambda_role": role("lambda-role"),
        "events_role": role("events-role"),
        "bucket": format!("sagemaker-{name}-bucket"),
        "artifacts_bucket": "sagemaker-registry-bucket",
        "kms_key": format!("arn:aws:kms:us-east-1:{account}:key/11111111-2222-3333-4444-555555555555"),
        "model_name": "mammography-severity-model",
        "model_package_group":
            format!("arn:aws:sagemaker:us-east-1:{REGISTRY}:model-package-group/mammo-severity-model-package"),
        "train_pipeline": "mammo-severity-train-pipeline",
        "inference_pipeline": "mammo-severity-inference-pipeline",
        "schedule": "cron(0 23 * * ? *)",
        "batch_dataset": "mammo-batch-dataset",
        "alerts": { "topic": "mammography-model-notification", "email": "mlops@clinic.example.net" },
        "log_group": { "name": "jenkins-log", "retention_days": 90, "kms_key": null },
        "images": { "xgboost": null, "scikit_learn": null, "monitor": null },
        "monitor": { "fail_on_violation": false, "minimum_rows": 200 },
        "retrain": { "on": "drift", "cooldown": { "secs": 3600, "nanos": 0 } },
        "endpoint_url": null,
    }))
    .unwrap()
}

pub(crate) fn landscape() -> Landscape {
    lenient(&[environment("dev", DEV), environment("prod", PROD)])
}

/// What deployments never do, the deployers of tests about a service do all the same, under names of their own.
pub(crate) fn lenient(environments: &[Environment]) -> Landscape {
    let more = r#"{ "Statement": { "Effect": "Allow", "Resource": "*", "Action": [
        "sagemaker:*Pipeline*", "sagemaker:AddTags", "sagemaker:ListTags", "lambda:*Function*",
        "lambda:PublishVersion", "lambda:TagResource", "lambda:ListTags", "events:*", "sns:*", "logs:*",
        "ecr:BatchGetImage"
    ] } }"#;
    let more = Policy::parse(more).unwrap();
    let landscape = Landscape::from(environments);
    let roles = environments.iter().map(|environment| &environment.deploy_role);
    roles.fold(landscape, |landscape, role| landscape.with_leave(role, &more))
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::on(landscape()).await
    }

    /// A rehearsal of the accounts of these environments.
    pub(crate) async fn of(environments: &[Environment]) -> Self {
        Self::on(Landscape::from(environments)).await
    }

    async fn on(landscape: Landscape) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Mutex::new("2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap()));
        let reads = Arc::clone(&clock);
        let now = Arc::new(move || *reads.lock().unwrap());
        let path = folder.path().join("rehearsal.sqlite");
        let rehearsal = Rehearsal::open(&path, landscape, now).await.unwrap();
        Self { rehearsal, folder, clock }
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.clock.lock().unwrap()
    }

    /// The clock, for whoever takes one.
    pub(crate) fn clock(&self) -> Arc<dyn Fn() -> Timestamp + Send + Sync> {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || *clock.lock().unwrap())
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        *self.clock.lock().unwrap() += time;
    }

    /// As an administrator of `account`.
    pub(crate) fn admin(&self, account: &str) -> SdkConfig {
        let config = administrator(&self.rehearsal, account).into_builder();
        config.retry_config(RetryConfig::disabled()).build()
    }

    /// As the agent itself, before it assumes anything.
    pub(crate) fn agent(&self) -> SdkConfig {
        self.config(&credentials(&Rehearsal::base_credentials()))
    }

    /// As the deployer of `name`, the environment in `account`.
    pub(crate) async fn deployer(&self, name: &str, account: &str) -> SdkConfig {
        self.deployer_under(name, account, None).await
    }

    /// As the deployer with a session policy.
    pub(crate) async fn deployer_under(
        &self,
        name: &str,
        account: &str,
        policy: Option<&str>,
    ) -> SdkConfig {
        let answer = aws_sdk_sts::Client::new(&self.agent())
            .assume_role()
            .role_arn(format!("arn:aws:iam::{account}:role/cross-account-deploy-role"))
            .role_session_name("agent-test")
            .external_id(format!("relevo-{name}"))
            .set_policy(policy.map(str::to_owned))
            .send()
            .await
            .unwrap();
        self.session(answer.credentials().unwrap())
    }

    /// With the keys that AssumeRole gave.
    pub(crate) fn session(&self, keys: &aws_sdk_sts::types::Credentials) -> SdkConfig {
        self.config(&Credentials::new(
            keys.access_key_id(),
            keys.secret_access_key(),
            Some(keys.session_token().to_owned()),
            None,
            "session",
        ))
    }

    pub(crate) fn config(&self, credentials: &Credentials) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .http_client(self.rehearsal.http_client())
            .retry_config(RetryConfig::disabled())
            .build()
    }
}

fn credentials(keys: &BaseCredentials) -> Credentials {
    Credentials::new(&keys.access_key_id, &keys.secret_access_key, None, None, "rehearsal")
}

/// The error code of a refused call.
pub(crate) fn code<T: std::fmt::Debug, E, R>(
    result: Result<T, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
) -> String
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    let error = result.expect_err("the call must be refused");
    error.as_service_error().and_then(|error| error.code()).unwrap_or_default().to_owned()
}
