//! What there is, as the cloud told it.

use super::{
    change::PipelineSummary,
    resources::{FunctionSettings, Rule, Target},
};
use crate::{definition::Definition, spec::LogGroupClass};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Everything a plan compares with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The log group.
    pub log_group: Option<LogGroupRecord>,
    /// Addresses (`s3://bucket/key`) of the wanted objects that are there.
    pub objects: BTreeSet<String>,
    /// The function.
    pub function: ObservedFunction,
    /// The topic.
    pub topic: Option<Topic>,
    /// Pipelines by name.
    pub pipelines: BTreeMap<String, PipelineRecord>,
    /// Rules by name; of those that are not wanted any more, only such as carry our tags.
    pub rules: BTreeMap<String, ObservedRule>,
    /// The batch that the next scheduled inference would read is there.
    pub batch_present: bool,
    /// ARN of the model version that the environment uses.
    pub approved_model: Option<String>,
}

/// A log group, as far as a plan decides by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroupRecord {
    /// Days events are kept; `None` is for ever.
    pub retention_days: Option<i32>,
    /// The key that encrypts it.
    pub kms_key: Option<String>,
    /// What CloudWatch offers for its lines.
    pub class: LogGroupClass,
}

/// A function: its unpublished head and its published versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedFunction {
    /// `$LATEST`; `None` if there is no such function.
    pub head: Option<Function>,
    /// Published versions by number.
    pub versions: BTreeMap<u32, Function>,
}

/// One version of a function, or its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Base64 of the SHA-256 of the deployed zip.
    pub code_sha256: String,
    /// How it runs.
    pub settings: FunctionSettings,
    /// Whether it can be changed and called.
    pub readiness: Readiness,
}

/// Whether a function can be changed and called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Active, and the last update is done.
    Ready,
    /// Being created or updated.
    Pending,
    /// It failed, for this reason.
    Failed(String),
}

/// A topic, as far as a plan decides by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Its key, as it was set: an ARN, an id or an alias.
    pub kms_key: Option<String>,
    /// Its access policy.
    pub policy: Value,
    /// Who listens.
    pub subscriptions: Vec<Subscription>,
}

impl Topic {
    /// The policy statement with the same `Sid` as `ours`.
    #[must_use]
    pub fn statement(&self, ours: &Value) -> Option<&Value> {
        let statements = self.policy.get("Statement")?.as_array()?;
        statements.iter().find(|statement| statement.get("Sid") == ours.get("Sid"))
    }
}

/// `policy` with the statement `ours` in it; every statement with another `Sid` stays.
#[must_use]
pub fn policy_with(policy: &Value, ours: &Value) -> Value {
    let mut policy = match policy {
        Value::Object(policy) => policy.clone(),
        _ => serde_json::Map::new(),
    };
    policy.entry("Version").or_insert_with(|| "2012-10-17".into());
    let before = policy.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let others = before.into_iter().filter(|statement| statement.get("Sid") != ours.get("Sid"));
    let statements: Vec<Value> = others.chain([ours.clone()]).collect();
    policy.insert("Statement".to_owned(), statements.into());
    Value::Object(policy)
}

/// One who listens to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Such as `email`.
    pub protocol: String,
    /// The address.
    pub endpoint: String,
    /// Whether its owner has agreed.
    pub state: SubscriptionState,
}

/// Whether the owner of an address has agreed to get messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// Messages are delivered.
    Confirmed,
    /// A mail with a link has been sent; the link lives two days.
    Pending,
}

/// A pipeline as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineRecord {
    /// The ARN; SageMaker writes the name in it in lower case.
    pub arn: String,
    /// Execution role.
    pub role: String,
    /// For people.
    pub description: String,
    /// What it does.
    pub definition: Definition,
}

impl PipelineRecord {
    pub(super) fn summary(&self) -> PipelineSummary {
        PipelineSummary {
            definition: self.definition.digest(),
            role: self.role.clone(),
            description: self.description.clone(),
        }
    }
}

/// A rule with its targets, as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRule {
    /// The rule.
    pub rule: Rule,
    /// Its targets by id.
    pub targets: Vec<Target>,
}
