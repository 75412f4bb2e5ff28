//! One change, and the plan that lists them.

use super::resources::{FunctionSettings, ObjectKind, Rule, Target};
use crate::{
    definition::Kind,
    ids::{AccountId, Digest, EnvName, Region, Sha},
    spec::LogGroupClass,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Changes in the order of applying, for one environment at one commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The environment.
    pub environment: EnvName,
    /// The account it may be applied in.
    pub account: AccountId,
    /// The region.
    pub region: Region,
    /// The commit.
    pub commit: Sha,
    /// What is to be done, in order; empty if all is as it should be.
    pub changes: Vec<Change>,
    /// What people should know and no change will mend. Not part of the hash.
    pub notes: Vec<String>,
    /// The schedule's expression, for the next fire times; absent while it is disabled.
    pub schedule: Option<String>,
}

/// One call, with what it finds and what it leaves. Every one may be done twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Change {
    /// Create a log group.
    CreateLogGroup {
        /// Its name.
        name: String,
        /// Its key.
        kms_key: Option<String>,
        /// What CloudWatch offers for its lines.
        #[serde(default, skip_serializing_if = "LogGroupClass::is_usual")]
        class: LogGroupClass,
    },
    /// Encrypt a log group.
    SetLogGroupKey {
        /// Its name.
        name: String,
        /// The key before.
        from: Option<String>,
        /// The key after.
        to: String,
    },
    /// Keep log events for so many days; `None` is for ever.
    SetRetention {
        /// The group's name.
        name: String,
        /// Days before.
        from: Option<i32>,
        /// Days after.
        to: Option<i32>,
    },
    /// Store an object.
    PutObject {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What it is.
        kind: ObjectKind,
        /// SHA-256 of its content.
        digest: Digest,
        /// Its size.
        bytes: u64,
    },
    /// Create the function.
    CreateFunction {
        /// Its name.
        name: String,
        /// Its code.
        code_sha256: String,
        /// How it runs.
        settings: FunctionSettings,
    },
    /// Replace the function's code.
    UpdateFunctionCode {
        /// Its name.
        name: String,
        /// The code before.
        from: String,
        /// The code after.
        to: String,
    },
    /// Replace how the function runs.
    UpdateFunctionSettings {
        /// Its name.
        name: String,
        /// Settings before.
        from: FunctionSettings,
        /// Settings after.
        to: FunctionSettings,
    },
    /// Publish the function's code and settings under the number the inference definition names.
    PublishFunction {
        /// Its name.
        name: String,
        /// The code.
        code_sha256: String,
        /// The number.
        version: u32,
    },
    /// Create the alert topic.
    CreateTopic {
        /// Its name.
        name: String,
    },
    /// Encrypt the alert topic.
    SetTopicKey {
        /// Its name.
        name: String,
        /// The key before.
        from: Option<String>,
        /// The key after.
        to: String,
    },
    /// Let EventBridge publish; every other statement of the policy stays.
    SetTopicStatement {
        /// The topic's name.
        name: String,
        /// Our statement before.
        from: Option<Value>,
        /// Our statement after.
        to: Value,
    },
    /// Subscribe an address to alerts.
    Subscribe {
        /// The topic's name.
        topic: String,
        /// The address.
        email: String,
    },
    /// Create a pipeline.
    CreatePipeline {
        /// Which of the two.
        kind: Kind,
        /// Its name.
        name: String,
        /// What it will be.
        to: PipelineSummary,
        /// Names of its steps.
        steps: Vec<String>,
    },
    /// Change a pipeline; SageMaker keeps the old version.
    UpdatePipeline {
        /// Which of the two.
        kind: Kind,
        /// Its name.
        name: String,
        /// What it is.
        from: PipelineSummary,
        /// What it will be.
        to: PipelineSummary,
        /// What differs between the definitions, step by step.
        differences: Vec<String>,
    },
    /// Create a rule or replace it.
    PutRule {
        /// The rule before, if there was one.
        from: Option<Rule>,
        /// The rule after.
        to: Rule,
    },
    /// Add targets to a rule, or replace those of the same ids.
    PutTargets {
        /// The rule.
        rule: String,
        /// Those of the same ids before.
        from: Vec<Target>,
        /// The targets after.
        to: Vec<Target>,
    },
    /// Remove targets nobody wants from a rule.
    RemoveTargets {
        /// The rule.
        rule: String,
        /// The targets before.
        from: Vec<Target>,
    },
    /// Remove a rule of ours that nobody wants; it has no targets by then.
    RemoveRule {
        /// The rule before.
        from: Rule,
    },
}

/// A pipeline in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PipelineSummary {
    /// Digest of the canonical definition.
    pub definition: Digest,
    /// Execution role.
    pub role: String,
    /// For people.
    pub description: String,
}

/// The parts a plan is applied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What a training needs: scripts, contract, data and the train pipeline.
    Training,
    /// Everything up to and including the pipelines.
    Pipelines,
    /// Rules, targets and the schedule.
    Schedule,
}

impl Part {
    /// Is a change of part `other` done when this part is applied?
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        match self {
            Self::Training => other == Self::Training,
            Self::Pipelines => matches!(other, Self::Training | Self::Pipelines),
            Self::Schedule => other == Self::Schedule,
        }
    }
}

impl Plan {
    /// All is as it should be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes that applying `part` does, in order.
    pub fn changes_of(&self, part: Part) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| part.covers(change.part()))
    }

    /// The changes of this plan that are not part of `shown`.
    #[must_use]
    pub fn beyond(&self, shown: &Self) -> Vec<&Change> {
        self.changes.iter().filter(|change| !shown.changes.contains(change)).collect()
    }

    /// The digest of what is done where: environment, account, region, commit and every change.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let Self { environment, account, region, commit, changes, notes: _, schedule: _ } = self;
        let whole = json!([environment, account, region, commit, changes]);
        Digest::of(sorted(&whole).to_string())
    }
}

impl Change {
    /// The part it is applied with.
    #[must_use]
    pub fn part(&self) -> Part {
        match self {
            Self::PutObject { .. } => Part::Training,
            Self::CreatePipeline { kind, .. } | Self::UpdatePipeline { kind, .. } => match kind {
                Kind::Train => Part::Training,
                Kind::Inference => Part::Pipelines,
            },
            Self::CreateLogGroup { .. }
            | Self::SetLogGroupKey { .. }
            | Self::SetRetention { .. }
            | Self::CreateFunction { .. }
            | Self::UpdateFunctionCode { .. }
            | Self::UpdateFunctionSettings { .. }
            | Self::PublishFunction { .. }
            | Self::CreateTopic { .. }
            | Self::SetTopicKey { .. }
            | Self::SetTopicStatement { .. }
            | Self::Subscribe { .. } => Part::Pipelines,
            Self::PutRule { .. }
            | Self::PutTargets { .. }
            | Self::RemoveTargets { .. }
            | Self::RemoveRule { .. } => Part::Schedule,
        }
    }
}

/// The same value with the keys of every object in order: services give them back as they like.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            entries.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(values) => values.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}
