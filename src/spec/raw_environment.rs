//! An environment file as it is written: the reference's tfvars keys and ours.
//!
//! Every field is optional here, even the required ones (the schema says which): a file with
//! findings is still checked as far as it goes.

use super::{
    environment::{Cloud, LogGroupClass},
    raw_policy::{RawApproval, RawMonitor, RawRespond, RawRetrain},
    raw_windows::RawWindows,
};
use schemars::JsonSchema;
use serde::Deserialize;

/// One AWS account and what the model is called there. What can be derived may be left out.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "environments/NAME.yaml")]
pub(super) struct RawEnvironment {
    /// Where calls go: rehearsal (the AWS inside the agent, the default) or aws.
    pub(super) cloud: Option<Cloud>,
    /// The account, twelve digits in quotes; derived from the ARNs if absent.
    pub(super) account_id: Option<String>,
    /// The region, such as eu-west-1.
    #[schemars(required)]
    pub(super) aws_region: Option<String>,
    /// ARN of the role the agent assumes; role/cross-account-deploy-role of the account if absent.
    pub(super) deploy_role: Option<String>,
    /// External id that the deploy role's trust policy asks for.
    pub(super) external_id: Option<String>,
    /// Who is behind the agent's sessions, as CloudTrail shows it; the deploy role's trust policy must allow
    /// sts:SetSourceIdentity.
    #[schemars(length(min = 2, max = 64))]
    pub(super) source_identity: Option<String>,
    /// Whether sessions carry repository, commit, environment, run and purpose as tags; the deploy role's trust policy must
    /// allow sts:TagSession. Not if absent.
    pub(super) session_tags: Option<bool>,
    /// ARN of the role that approves models; role/model-approver of the registry account if absent.
    pub(super) approver_role: Option<String>,
    /// ARN of the role EventBridge starts pipelines with; role/MODEL_NAME-events if absent.
    pub(super) events_role: Option<String>,
    /// ARN of the Lambda function's role; role/lambda-sagemaker-role if absent.
    pub(super) lambda_role: Option<String>,
    /// Bucket for scripts, data and outputs.
    #[schemars(required)]
    pub(super) default_bucket: Option<String>,
    /// Bucket for model artefacts, shared with the registry account.
    #[schemars(required)]
    pub(super) model_artifacts_bucket: Option<String>,
    /// ARN of the KMS key that encrypts every object and the alert topic.
    #[schemars(required)]
    pub(super) kms_key: Option<String>,
    /// Name of the model: prefix of keys and derived names.
    #[schemars(required)]
    pub(super) model_name: Option<String>,
    /// ARN of the model package group in the registry account.
    #[schemars(required)]
    pub(super) model_package_group_name: Option<String>,
    /// Name of the SNS topic that alerts go to.
    #[schemars(required)]
    pub(super) pipelines_alert_topic_name: Option<String>,
    /// Address that is subscribed to the topic.
    #[schemars(required)]
    pub(super) email: Option<String>,
    /// Name of the batch file, without .csv.
    #[schemars(required)]
    pub(super) batch_dataset_filename: Option<String>,
    /// CloudWatch log group: a name, or name with retention and key; jenkins-log if absent.
    pub(super) log_group: Option<RawLogGroup>,
    /// Container images that replace the first-party ones.
    pub(super) images: Option<RawImages>,
    /// Data-quality monitoring of inference batches.
    pub(super) monitor: Option<RawMonitor>,
    /// What each verdict about a batch leads to.
    pub(super) respond: Option<RawRespond>,
    /// When a new training starts by itself.
    pub(super) retrain: Option<RawRetrain>,
    /// Who may approve a model version, and who lets a deployment go on.
    pub(super) approval: Option<RawApproval>,
    /// When the environment may be deployed to; at any time if absent.
    pub(super) windows: Option<RawWindows>,
    /// Another address for every AWS service of this environment.
    pub(super) endpoint_url: Option<String>,
    /// Whether AWS is reached at its addresses with FIPS-validated cryptography. Not if absent.
    pub(super) fips: Option<bool>,
    /// Whether AWS is reached at its addresses that have IPv6 too. Not if absent.
    pub(super) dual_stack: Option<bool>,
    /// The train pipeline.
    #[schemars(required)]
    pub(super) train_pipeline: Option<RawTrainPipeline>,
    /// The inference pipeline.
    #[schemars(required)]
    pub(super) inference_pipeline: Option<RawInferencePipeline>,
    /// As train_pipeline.name; if both are given they must agree.
    pub(super) train_pipeline_name: Option<String>,
    /// As inference_pipeline.name; if both are given they must agree.
    pub(super) inference_pipeline_name: Option<String>,
    /// Only 'default': AWS sends its own events to no other bus, and schedules work on no other.
    pub(super) event_bus_name: Option<String>,
    /// Name of the environment in the replaced system; must be the file's name. Not used.
    pub(super) env_group: Option<String>,
    /// Bucket of the replaced system's state. Not used: there is no state file.
    pub(super) terraform_state_bucket: Option<String>,
}

/// A CloudWatch log group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "LogGroup")]
pub(super) enum RawLogGroup {
    /// Its name.
    Name(String),
    /// Its name and settings.
    Settings(RawLogGroupSettings),
}

/// Name and settings of a log group.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LogGroupSettings")]
pub(super) struct RawLogGroupSettings {
    /// Name; jenkins-log if absent.
    pub(super) name: Option<String>,
    /// Days to keep lines, one of the values CloudWatch knows; for ever if absent.
    #[schemars(range(min = 1, max = 3_653))]
    pub(super) retention_days: Option<i64>,
    /// ARN of the KMS key that encrypts the group.
    pub(super) kms_key: Option<String>,
    /// What CloudWatch offers for the lines; STANDARD if absent. Of an INFREQUENT_ACCESS group lines cannot be read back:
    /// 'agent logs --env' and 'agent logs search' do not work, and a batch whose answer was lost is sent again.
    pub(super) class: Option<LogGroupClass>,
}

/// Container images as full URIs, tags or digests included.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Images")]
pub(super) struct RawImages {
    /// Training and evaluation.
    pub(super) xgboost: Option<String>,
    /// Pre-processing.
    pub(super) scikit_learn: Option<String>,
    /// Model Monitor.
    pub(super) monitor: Option<String>,
}

/// The train pipeline.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrainPipeline")]
pub(super) struct RawTrainPipeline {
    /// Name of the pipeline.
    pub(super) name: Option<String>,
    /// ARN of the pipeline; derived, and checked if given.
    pub(super) arn: Option<String>,
    /// ARN of the role its steps run with.
    #[schemars(required)]
    pub(super) role_arn: Option<String>,
}

/// The inference pipeline.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "InferencePipeline")]
pub(super) struct RawInferencePipeline {
    /// Name of the pipeline.
    pub(super) name: Option<String>,
    /// ARN of the pipeline; derived, and checked if given.
    pub(super) arn: Option<String>,
    /// ARN of the role its steps run with.
    #[schemars(required)]
    pub(super) role_arn: Option<String>,
    /// When it runs: cron(minutes hours day-of-month month day-of-week year) in UTC, or rate(1 day).
    #[schemars(required)]
    pub(super) cron_schedule: Option<String>,
}
