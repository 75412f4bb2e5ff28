//! The kinds of things a foundation consists of, and what is set on each.

use super::{
    buckets::BucketSpec,
    keys::KeySpec,
    policy::Policy,
    registry::{GroupSpec, LogGroupSpec},
    roles::RoleSpec,
    scope::Member,
};
use crate::{
    ids::{AccountId, Arn, EnvName, Region},
    plan::Tags,
};
use serde_json::{Value, json};
use std::fmt;

/// The tag that says what an account's thing is there for: the model's name. A deployment's own things have it too.
pub const MODEL_TAG: &str = "relevo:model";
/// The tag that says how it came to us.
pub const FOUNDATION_TAG: &str = "relevo:foundation";

/// One thing that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The account it belongs to.
    pub account: AccountId,
    /// The region it stands in, or is asked for in.
    pub region: Region,
    /// The environment whose address leads to it.
    pub environment: EnvName,
    /// The model it is there for.
    pub model: String,
    /// The thing.
    pub resource: Resource,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resource {
    /// A key.
    Key(KeySpec),
    /// A role.
    Role(RoleSpec),
    /// A bucket.
    Bucket(BucketSpec),
    /// A model package group.
    Group(GroupSpec),
    /// A log group.
    LogGroup(LogGroupSpec),
}

/// Something that is set on a thing and can be read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// Who may use a key.
    KeyPolicy(Policy),
    /// KMS makes new key material each year.
    KeyRotation,
    /// Whom a role lets in.
    Trust(Policy),
    /// What a role may do.
    Permissions {
        /// The inline policy's name.
        name: String,
        /// What it says.
        policy: Policy,
    },
    /// Seconds that a role's session may last.
    LongestSession(u32),
    /// Nothing in a bucket is public, whatever its policies say.
    PublicAccess,
    /// Objects belong to the bucket's owner, whoever stored them.
    Ownership,
    /// Overwritten objects are kept.
    Versioning,
    /// What a bucket encrypts with unless told otherwise.
    Encryption {
        /// The key's ARN.
        key: String,
    },
    /// Who may come into a bucket.
    BucketPolicy(Policy),
    /// Who else may use a model package group.
    GroupPolicy(Policy),
    /// Days that lines are kept; nothing for ever.
    Retention(Option<i32>),
    /// What a log group is encrypted with.
    LogKey(Arn),
}

/// How a thing came to us, as its tag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// We made it: what is set on it is what we set.
    Made,
    /// It was there, and a person gave it to us: what others wrote into its policies stays.
    Adopted,
}

impl Origin {
    /// The tag's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Adopted => "adopted",
        }
    }

    /// What a thing's tags say, if they are ours for this model.
    #[must_use]
    pub fn of(tags: &Tags, model: &str) -> Option<Self> {
        let ours = tags.get(MODEL_TAG).is_some_and(|found| found == model);
        [Self::Made, Self::Adopted].into_iter().find(|origin| {
            ours && tags.get(FOUNDATION_TAG).is_some_and(|tag| tag == origin.as_str())
        })
    }
}

impl Item {
    pub(super) fn of(member: &Member, resource: Resource) -> Self {
        let environment = &member.environment;
        Self {
            account: environment.account.clone(),
            region: environment.region.clone(),
            environment: environment.name.clone(),
            model: environment.model_name.clone(),
            resource,
        }
    }

    /// What kind of thing it is, in a word or two.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.resource {
            Resource::Key(_) => "key",
            Resource::Role(_) => "role",
            Resource::Bucket(_) => "bucket",
            Resource::Group(_) => "model package group",
            Resource::LogGroup(_) => "log group",
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.resource {
            Resource::Key(key) => &key.alias,
            Resource::Role(role) => role.arn.name(),
            Resource::Bucket(bucket) => bucket.name.as_str(),
            Resource::Group(group) => group.arn.name(),
            Resource::LogGroup(log) => &log.group.name,
        }
    }

    /// Its ARN, where the environment files hold it.
    #[must_use]
    pub fn arn(&self) -> Option<&Arn> {
        match &self.resource {
            Resource::Key(key) => Some(&key.arn),
            Resource::Role(role) => Some(&role.arn),
            Resource::Group(group) => Some(&group.arn),
            Resource::Bucket(_) | Resource::LogGroup(_) => None,
        }
    }

    /// Its ARN, derived where the files hold none.
    #[must_use]
    pub fn address(&self) -> String {
        let (partition, region, account) =
            (self.region.partition().name, &self.region, &self.account);
        match &self.resource {
            Resource::Key(key) => key.arn.to_string(),
            Resource::Role(role) => role.arn.to_string(),
            Resource::Group(group) => group.arn.to_string(),
            Resource::Bucket(bucket) => format!("arn:{partition}:s3:::{}", bucket.name),
            Resource::LogGroup(log) => {
                format!("arn:{partition}:logs:{region}:{account}:log-group:{}", log.group.name)
            }
        }
    }

    /// What must be set on it, in the order in which it is set.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        match &self.resource {
            Resource::Key(key) => key.settings(),
            Resource::Role(role) => role.settings(),
            Resource::Bucket(bucket) => bucket.settings(),
            Resource::Group(group) => group.settings(),
            Resource::LogGroup(log) => log.settings(),
        }
    }

    /// What one aspect of it should be.
    #[must_use]
    pub fn wanted(&self, aspect: &str) -> Option<Value> {
        let settings = self.settings().into_iter();
        settings.filter(|setting| setting.aspect() == aspect).map(|one| one.wanted()).next()
    }

    /// The tags it carries.
    #[must_use]
    pub fn tags(&self, origin: Origin) -> Tags {
        Tags::from([
            (MODEL_TAG.to_owned(), self.model.clone()),
            (FOUNDATION_TAG.to_owned(), origin.as_str().to_owned()),
        ])
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

impl Setting {
    /// What is set, in the words that plans use and what was found is filed under.
    #[must_use]
    pub fn aspect(&self) -> String {
        match self {
            Self::KeyPolicy(_) | Self::BucketPolicy(_) | Self::GroupPolicy(_) => "policy",
            Self::KeyRotation => "rotation",
            Self::Trust(_) => "trust",
            Self::Permissions { name, .. } => return format!("permissions {name}"),
            Self::LongestSession(_) => "longest session",
            Self::PublicAccess => "public access",
            Self::Ownership => "object ownership",
            Self::Versioning => "versions",
            Self::Encryption { .. } => "default encryption",
            Self::Retention(_) => "retention",
            Self::LogKey(_) => "key",
        }
        .to_owned()
    }

    /// What it should be.
    #[must_use]
    pub fn wanted(&self) -> Value {
        match self {
            Self::KeyPolicy(policy)
            | Self::BucketPolicy(policy)
            | Self::GroupPolicy(policy)
            | Self::Trust(policy)
            | Self::Permissions { policy, .. } => policy.json(),
            Self::KeyRotation => json!("every year"),
            Self::LongestSession(seconds) => json!(seconds),
            Self::PublicAccess => json!("blocked"),
            Self::Ownership => json!("BucketOwnerEnforced"),
            Self::Versioning => json!("Enabled"),
            Self::Encryption { key } => json!(format!("aws:kms with {key}")),
            Self::Retention(days) => json!(days),
            Self::LogKey(key) => json!(key),
        }
    }

    /// The policy, if it is one.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        match self {
            Self::KeyPolicy(policy)
            | Self::BucketPolicy(policy)
            | Self::GroupPolicy(policy)
            | Self::Trust(policy)
            | Self::Permissions { policy, .. } => Some(policy),
            Self::KeyRotation
            | Self::LongestSession(_)
            | Self::PublicAccess
            | Self::Ownership
            | Self::Versioning
            | Self::Encryption { .. }
            | Self::Retention(_)
            | Self::LogKey(_) => None,
        }
    }
}

/// The name with a hyphen for every character that is neither letter, digit nor one of `more`.
pub(super) fn spelled(name: &str, more: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    name.chars().map(|c| if legal(c) { c } else { '-' }).collect()
}
