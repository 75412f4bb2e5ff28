//! What exists before anyone made anything: accounts, roles, buckets, keys, the model package group.
//!
//! In AWS an administrator makes these by hand, once. Here they follow from the environment files and
//! are computed anew at each start, never stored, so a changed file is a changed landscape.

mod permissions;

use super::Policy;
use crate::{
    ids::{AccountId, Arn, Region},
    spec::{Environment, SessionTags, Sessions},
};
use permissions::Purpose;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

/// The account the agent itself lives in.
pub const TOOLS_ACCOUNT: &str = "444444444444";

/// The key that AWS manages for SNS; it exists everywhere and lets no other service in.
pub(super) const SNS_MANAGED_KEY: &str = "alias/aws/sns";

#[expect(clippy::expect_used, reason = "a constant; a test parses it")]
static TOOLS: LazyLock<AccountId> = LazyLock::new(|| TOOLS_ACCOUNT.parse().expect("twelve digits"));

pub(super) fn tools_account() -> AccountId {
    TOOLS.clone()
}

/// The role the agent starts from; deploy and approver roles trust it.
#[must_use]
pub fn agent_principal() -> String {
    format!("arn:aws:iam::{TOOLS_ACCOUNT}:role/agent")
}

/// A service that a role may be passed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Runs pipelines and their jobs.
    SageMaker,
    /// Runs functions.
    Lambda,
    /// Starts targets.
    Events,
}

impl Service {
    /// The service as a trust policy names it.
    #[must_use]
    pub fn principal(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker.amazonaws.com",
            Self::Lambda => "lambda.amazonaws.com",
            Self::Events => "events.amazonaws.com",
        }
    }
}

/// An IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: Arn,
    /// Principals that may assume it.
    pub trusted: BTreeSet<String>,
    /// One of these must come with AssumeRole; empty means none is asked for.
    pub external_ids: BTreeSet<String>,
    /// What may be said of who is behind a session; nothing if empty.
    pub source_identities: BTreeSet<String>,
    /// Whether sessions may be tagged.
    pub tagging: Tagging,
    /// Services it may be passed to.
    pub services: BTreeSet<Service>,
    /// MaxSessionDuration.
    pub longest_session_seconds: u32,
    /// What it may do.
    pub permissions: Policy,
}

/// Whether a role's trust policy allows `sts:TagSession`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tagging {
    /// It does not.
    #[default]
    Refused,
    /// It does.
    Trusted,
}

impl Role {
    /// Is it a role of `account` that trusts `service`?
    #[must_use]
    pub fn may_be_passed(&self, account: &AccountId, service: Service) -> bool {
        self.arn.account().as_ref() == Some(account) && self.services.contains(&service)
    }
}

/// An S3 bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The account that owns it.
    pub owner: AccountId,
    /// Where it stands.
    pub region: Region,
    /// The key that encrypts what is stored without naming one.
    pub key: Arn,
    /// Accounts that its policy lets in, the owner among them.
    pub accounts: BTreeSet<AccountId>,
}

/// Everything that exists without having been made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landscape {
    roles: BTreeMap<String, Role>,
    buckets: BTreeMap<String, Bucket>,
    keys: BTreeSet<String>,
    groups: BTreeMap<String, BTreeSet<AccountId>>,
}

impl Landscape {
    /// The landscape that `environments` take for granted.
    #[must_use]
    pub fn from(environments: &[Environment]) -> Self {
        let mut landscape = Self::default();
        for environment in environments {
            landscape.add_roles(environment);
            landscape.add_buckets(environment);
            landscape.keys.insert(environment.kms_key.to_string());
            landscape.keys.extend(environment.log_group.kms_key.iter().map(ToString::to_string));
            landscape
                .groups
                .entry(environment.model_package_group.to_string())
                .or_default()
                .insert(environment.account.clone());
        }
        landscape
    }

    /// The role with this ARN.
    #[must_use]
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.get(arn)
    }

    /// The roles of `account`.
    pub fn roles_of(&self, account: &AccountId) -> impl Iterator<Item = &Role> {
        let account = account.clone();
        self.roles.values().filter(move |role| role.arn.account().as_ref() == Some(&account))
    }

    /// The bucket of this name; names are global.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&Bucket> {
        self.buckets.get(name)
    }

    /// The buckets that `account` owns, by name.
    pub fn buckets_of(&self, account: &AccountId) -> impl Iterator<Item = (&str, &Bucket)> {
        let owner = account.clone();
        self.buckets
            .iter()
            .filter(move |(_, bucket)| bucket.owner == owner)
            .map(|(name, bucket)| (name.as_str(), bucket))
    }

    /// Is there such a key, by ARN, or by bare id as seen from `account`?
    #[must_use]
    pub fn has_key(&self, key: &str, account: &AccountId) -> bool {
        self.keys.contains(key)
            || self.keys.iter().any(|arn| {
                arn.ends_with(&format!(":key/{key}")) && arn.contains(&format!(":{account}:"))
            })
    }

    /// The accounts that may use the seeded model package group with this ARN, besides its owner.
    #[must_use]
    pub fn package_group(&self, arn: &str) -> Option<&BTreeSet<AccountId>> {
        self.groups.get(arn)
    }

    /// The ARNs of the seeded model package groups.
    pub fn package_groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    fn add_roles(&mut self, environment: &Environment) {
        let deploy = self.add_role(environment, &environment.deploy_role, Purpose::Deploy);
        deploy.trusted.insert(agent_principal());
        deploy.external_ids.extend(environment.external_id.clone());
        let Sessions { source_identity, tags, .. } = &environment.sessions;
        deploy.source_identities.extend(source_identity.clone());
        deploy.tagging = match tags {
            SessionTags::Sent => Tagging::Trusted,
            SessionTags::None => deploy.tagging,
        };
        let approver = self.add_role(environment, &environment.approver_role, Purpose::Approve);
        approver.trusted.insert(agent_principal());
        for (arn, purpose, service) in [
            (&environment.train_role, Purpose::Execute, Service::SageMaker),
            (&environment.inference_role, Purpose::Execute, Service::SageMaker),
            (&environment.lambda_role, Purpose::Read, Service::Lambda),
            (&environment.events_role, Purpose::Start, Service::Events),
        ] {
            self.add_role(environment, arn, purpose).services.insert(service);
        }
    }

    fn add_role(&mut self, environment: &Environment, arn: &Arn, purpose: Purpose) -> &mut Role {
        let role = self.roles.entry(arn.to_string()).or_insert_with(|| Role {
            arn: arn.clone(),
            trusted: BTreeSet::new(),
            external_ids: BTreeSet::new(),
            source_identities: BTreeSet::new(),
            tagging: Tagging::default(),
            services: BTreeSet::new(),
            longest_session_seconds: purpose.longest_session_seconds(),
            permissions: Policy::default(),
        });
        let added = permissions::of(purpose, environment);
        role.permissions = std::mem::take(&mut role.permissions).and(&added);
        role
    }

    fn add_buckets(&mut self, environment: &Environment) {
        let registry = environment.model_package_group.account();
        let registry = registry.unwrap_or_else(|| environment.account.clone());
        self.add_bucket(environment, environment.bucket.as_str(), &environment.account);
        self.add_bucket(environment, environment.artifacts_bucket.as_str(), &registry);
    }

    fn add_bucket(&mut self, environment: &Environment, name: &str, owner: &AccountId) {
        let bucket = self.buckets.entry(name.to_owned()).or_insert_with(|| Bucket {
            owner: owner.clone(),
            region: environment.region.clone(),
            key: environment.kms_key.clone(),
            accounts: BTreeSet::from([owner.clone()]),
        });
        bucket.accounts.insert(environment.account.clone());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tools_account_is_an_account() {
        assert_eq!(super::tools_account().as_str(), super::TOOLS_ACCOUNT);
    }
}
