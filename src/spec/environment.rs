//! An environment file, checked: one AWS account and what the model is called there.

use super::policy::{Approval, Monitor, Respond, Retrain};
use crate::ids::{AccountId, Arn, BucketName, EnvName, PipelineName, Region};
use crate::schedule::Windows;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// One environment with every derivable name derived and every given name checked against its derivation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Name, from the file name.
    pub name: EnvName,
    /// Where its calls go.
    pub cloud: Cloud,
    /// The only account that may be written to.
    pub account: AccountId,
    /// The only region.
    pub region: Region,
    /// Role the agent assumes to deploy.
    pub deploy_role: Arn,
    /// External id for that role's trust policy.
    pub external_id: Option<String>,
    /// Role a person's approval is given with; the deploy role must not be able to approve.
    pub approver_role: Arn,
    /// Execution role of the train pipeline.
    pub train_role: Arn,
    /// Execution role of the inference pipeline.
    pub inference_role: Arn,
    /// Execution role of the Lambda function.
    pub lambda_role: Arn,
    /// Role EventBridge starts pipelines with.
    pub events_role: Arn,
    /// Scripts, data, outputs.
    pub bucket: BucketName,
    /// Model artefacts, shared with the registry.
    pub artifacts_bucket: BucketName,
    /// Key that encrypts every object and the alert topic.
    pub kms_key: Arn,
    /// Prefix of keys and derived names.
    pub model_name: String,
    /// The group in the central registry account.
    pub model_package_group: Arn,
    /// Name of the train pipeline.
    pub train_pipeline: PipelineName,
    /// Name of the inference pipeline.
    pub inference_pipeline: PipelineName,
    /// `cron(…)` or `rate(…)` of the inference schedule, checked.
    pub schedule: String,
    /// Stem of the batch file, without `.csv`.
    pub batch_dataset: String,
    /// Who hears about failures.
    pub alerts: Alerts,
    /// Where the run's log lines go.
    pub log_group: LogGroup,
    /// Container images; each absent one is the first-party image of the region.
    pub images: Images,
    /// Data-quality monitoring.
    pub monitor: Monitor,
    /// What each verdict about a batch leads to.
    #[serde(default)]
    pub respond: Respond,
    /// Retraining.
    pub retrain: Retrain,
    /// Who may approve what.
    #[serde(default)]
    pub approval: Approval,
    /// When it may be deployed to; at any time if absent.
    #[serde(default)]
    pub windows: Option<Windows>,
    /// Another address for every service of this environment.
    pub endpoint_url: Option<Url>,
    /// How the deploy role is asked for, and where.
    #[serde(default)]
    pub sessions: Sessions,
}

impl Environment {
    /// Do its calls end on this machine, in the rehearsal or an emulator?
    #[must_use]
    pub fn is_here(&self) -> bool {
        match self.cloud {
            Cloud::Rehearsal => true,
            Cloud::Aws => self.endpoint_url.as_ref().is_some_and(is_here),
        }
    }
}

/// Is an address one of this machine?
pub(super) fn is_here(address: &Url) -> bool {
    match address.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// How the deploy role is asked for, and at which of AWS's addresses. By default nothing is sent that a trust policy
/// must allow first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sessions {
    /// Who is behind the sessions; CloudTrail shows it with every call, and nobody down a chain of roles can change it.
    pub source_identity: Option<String>,
    /// Whether sessions carry what they are for.
    pub tags: SessionTags,
    /// Which of AWS's addresses are used.
    pub addresses: Addresses,
}

/// Whether sessions carry what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionTags {
    /// They carry no tags.
    #[default]
    None,
    /// Repository, commit, environment, run and purpose.
    Sent,
}

/// Which of AWS's addresses are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Addresses {
    /// Those with validated cryptography.
    pub fips: bool,
    /// Those that have IPv6 too.
    pub dual_stack: bool,
}

/// Where an environment's calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cloud {
    /// The AWS inside this program.
    #[default]
    Rehearsal,
    /// AWS, or whatever stands at `endpoint_url`.
    Aws,
}

/// Who hears about failures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// Name of the SNS topic.
    pub topic: String,
    /// Address that is subscribed.
    pub email: String,
}

/// A CloudWatch Logs group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Name, `jenkins-log` by default.
    pub name: String,
    /// Days to keep, one of the values CloudWatch knows; absent means for ever.
    pub retention_days: Option<i32>,
    /// Key that encrypts the group.
    pub kms_key: Option<Arn>,
    /// What CloudWatch offers for its lines.
    #[serde(default)]
    pub class: LogGroupClass,
}

/// What CloudWatch offers for a group's lines; it is fixed when the group is made.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogGroupClass {
    /// Everything.
    #[default]
    Standard,
    /// Half the price of a line; lines are found by queries of Logs Insights only.
    InfrequentAccess,
}

impl LogGroupClass {
    /// As CloudWatch writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::InfrequentAccess => "INFREQUENT_ACCESS",
        }
    }

    /// Whether it is the class that a group has if nobody says otherwise.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Standard
    }
}

/// Image overrides, as full image URIs, tags or digests included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Images {
    /// Training and evaluation.
    pub xgboost: Option<String>,
    /// Pre-processing.
    pub scikit_learn: Option<String>,
    /// Model Monitor.
    pub monitor: Option<String>,
}
