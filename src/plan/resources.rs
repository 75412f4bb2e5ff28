//! The things a plan is about, as they should be.

use crate::{definition::Definition, ids::Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// Tags: name to value.
pub type Tags = BTreeMap<String, String>;

/// An object at a key that says its content, so that it is stored once and never changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// The bucket.
    pub bucket: String,
    /// The key, which contains the digest.
    pub key: String,
    /// What it is.
    pub kind: ObjectKind,
    /// SHA-256 of the content.
    pub digest: Digest,
    /// The content.
    pub content: Vec<u8>,
}

impl Object {
    /// `s3://bucket/key`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

impl fmt::Debug for Object {
    /// Without the content, which may be patients' data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} s3://{}/{})", self.kind, self.bucket, self.key)
    }
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A script that runs inside SageMaker.
    Script,
    /// The data contract, as JSON.
    DataContract,
    /// The training data.
    TrainingData,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Script => "script",
            Self::DataContract => "data contract",
            Self::TrainingData => "training data",
        })
    }
}

/// How a function runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionSettings {
    /// Such as `python3.12`.
    pub runtime: String,
    /// `module.function`.
    pub handler: String,
    /// Execution role.
    pub role: String,
    /// Seconds a call may take.
    pub timeout_seconds: i32,
    /// MiB of memory.
    pub memory_mib: i32,
    /// For people.
    pub description: String,
}

/// The function that finds the model to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSpec {
    /// Its name.
    pub name: String,
    /// Its code.
    pub zip: Vec<u8>,
    /// Base64 of the SHA-256 of `zip`, as Lambda states it.
    pub code_sha256: String,
    /// How it runs.
    pub settings: FunctionSettings,
}

/// The topic that people hear of failures by.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The key that encrypts it.
    pub kms_key: String,
    /// The policy statement that lets EventBridge publish.
    pub statement: Value,
    /// Who is subscribed.
    pub email: String,
}

/// A pipeline as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineSpec {
    /// Name.
    pub name: String,
    /// ARN, with the name in lower case as SageMaker writes it.
    pub arn: String,
    /// Execution role.
    pub role: String,
    /// For people.
    pub description: String,
    /// What it does.
    pub definition: Definition,
}

/// What makes a rule match.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// Events that match this pattern.
    Pattern(Value),
    /// A `cron(…)` or `rate(…)` expression.
    Schedule(String),
}

/// Whether a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleState {
    /// It fires.
    Enabled,
    /// It stands there and does nothing.
    Disabled,
}

impl fmt::Display for RuleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        })
    }
}

/// A rule without its targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Name, unique on the bus.
    pub name: String,
    /// For people.
    pub description: String,
    /// What makes it match.
    pub trigger: Trigger,
    /// Whether it fires.
    pub state: RuleState,
}

/// Where a rule's events go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the target within its rule.
    pub id: String,
    /// What is started or told.
    pub arn: String,
    /// The role EventBridge starts it with, where it needs one.
    pub role: Option<String>,
    /// Retries after the first delivery.
    pub retries: i32,
    /// Seconds after which an undelivered event is given up.
    pub longest_age_seconds: i32,
    /// What it gets instead of the whole event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
}

/// A text with places that an event fills (InputTransformer).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Names of the places, and where in an event their values are.
    pub paths: BTreeMap<String, String>,
    /// The text: JSON texts, one a line, with `<name>` for a place.
    pub template: String,
}

/// A rule with its targets, as they should be.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleSpec {
    /// The rule.
    pub rule: Rule,
    /// Its targets, and no others, by id.
    pub targets: Vec<Target>,
}
