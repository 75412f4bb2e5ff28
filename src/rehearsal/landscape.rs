//! What exists before anyone made anything: accounts, roles, buckets, keys, the model package group.
//!
//! In AWS an administrator makes these, once. Here they follow from the environment files by the same derivation, and
//! are computed anew at each start, never stored, so a changed file is a changed landscape.

use super::Policy;
use crate::{
    foundation::{
        BucketSpec, Foundation, Item, Member, People, Principal, Resource, RoleSpec, Scope,
    },
    ids::{AccountId, Arn, Region},
    spec::Environment,
};
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

#[expect(clippy::expect_used, reason = "a constant; a test parses it")]
static AGENT: LazyLock<Arn> = LazyLock::new(|| agent_principal().parse().expect("an ARN"));

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
    const ALL: [Self; 3] = [Self::SageMaker, Self::Lambda, Self::Events];

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
    /// What it was made from.
    pub(super) laid: Item,
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
    /// What it was made from.
    pub(super) laid: Item,
}

/// Everything that exists without having been made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Landscape {
    roles: BTreeMap<String, Role>,
    buckets: BTreeMap<String, Bucket>,
    keys: BTreeMap<String, Item>,
    /// The keys that environment files name by an alias.
    aliases: BTreeMap<String, Arn>,
    groups: BTreeMap<String, Group>,
}

/// A model package group, and the accounts that may use it besides its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    accounts: BTreeSet<AccountId>,
    laid: Item,
}

impl Landscape {
    /// The landscape that `environments` take for granted, each built on those before it.
    #[must_use]
    pub fn from(environments: &[Environment]) -> Self {
        let mut before = Vec::new();
        let mut members = Vec::new();
        for environment in environments {
            members.push(Member {
                environment: environment.clone(),
                written_key: environment.kms_key.clone(),
                before: before.clone(),
                stage_images: BTreeSet::new(),
            });
            before.push(environment.name.clone());
        }
        Self::of(&members)
    }

    /// The landscape that an administrator would have laid for `members`: roles that may do what their stages need
    /// and nothing else, buckets and keys that let in whom they must.
    #[must_use]
    pub fn of(members: &[Member]) -> Self {
        let mut landscape = Self::default();
        let agent = AGENT.clone();
        for member in members {
            let scope = Scope {
                target: member.name().clone(),
                members: members.to_vec(),
                people: People { agent: agent.clone(), approvers: vec![agent.clone()] },
            };
            for item in Foundation::of(&scope).items {
                landscape.add(item, members);
            }
        }
        landscape
    }

    /// The same, where the role with this ARN may do more than it needs.
    #[must_use]
    pub fn with_leave(mut self, role: &Arn, more: &Policy) -> Self {
        if let Some(role) = self.roles.get_mut(role.as_str()) {
            role.permissions = std::mem::take(&mut role.permissions).and(more);
        }
        self
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
        self.keys.contains_key(key)
            || self.keys.keys().any(|arn| {
                arn.ends_with(&format!(":key/{key}")) && arn.contains(&format!(":{account}:"))
            })
    }

    /// The key behind an alias, if it is one.
    pub(super) fn behind(&self, alias: &str) -> Option<&Arn> {
        self.aliases.get(alias)
    }

    /// The key with this ARN, as it was laid.
    pub(super) fn key(&self, arn: &str) -> Option<&Item> {
        self.keys.get(arn)
    }

    /// The accounts that may use the seeded model package group with this ARN, besides its owner.
    #[must_use]
    pub fn package_group(&self, arn: &str) -> Option<&BTreeSet<AccountId>> {
        self.groups.get(arn).map(|group| &group.accounts)
    }

    /// The seeded model package group with this ARN, as it was laid.
    pub(super) fn laid_group(&self, arn: &str) -> Option<&Item> {
        self.groups.get(arn).map(|group| &group.laid)
    }

    /// The ARNs of the seeded model package groups.
    pub fn package_groups(&self) -> impl Iterator<Item = &str> {
        self.groups.keys().map(String::as_str)
    }

    /// A log group is made by whoever needs it first.
    fn add(&mut self, item: Item, members: &[Member]) {
        match &item.resource {
            Resource::Role(spec) => {
                let role = role(&item, spec);
                self.roles.entry(spec.arn.to_string()).or_insert(role);
            }
            Resource::Bucket(spec) => {
                let bucket = Bucket {
                    owner: item.account.clone(),
                    region: item.region.clone(),
                    key: spec.key.clone(),
                    accounts: tenants(&item, spec, members),
                    laid: item.clone(),
                };
                self.buckets.entry(spec.name.to_string()).or_insert(bucket);
            }
            Resource::Key(spec) => {
                if spec.written != spec.arn {
                    self.aliases.insert(spec.written.to_string(), spec.arn.clone());
                }
                self.keys.entry(spec.arn.to_string()).or_insert(item.clone());
            }
            Resource::Group(spec) => {
                let of_group =
                    |member: &&Member| member.environment.model_package_group == spec.arn;
                let accounts = members.iter().filter(of_group);
                let accounts = accounts.map(|member| member.environment.account.clone()).collect();
                let group = Group { accounts, laid: item.clone() };
                self.groups.entry(spec.arn.to_string()).or_insert(group);
            }
            Resource::LogGroup(_) => {}
        }
    }
}

/// A role as its policies say.
fn role(item: &Item, spec: &RoleSpec) -> Role {
    let mut role = Role {
        arn: spec.arn.clone(),
        trusted: BTreeSet::new(),
        external_ids: BTreeSet::new(),
        source_identities: BTreeSet::new(),
        tagging: Tagging::default(),
        services: BTreeSet::new(),
        longest_session_seconds: spec.longest_session,
        permissions: spec
            .policies
            .values()
            .fold(Policy::default(), |policy, more| policy.and(&Policy::from(more))),
        laid: item.clone(),
    };
    for statement in spec.trust.statements() {
        match statement.principal() {
            Some(Principal::Aws(names)) => role.trusted.extend(names.iter().cloned()),
            Some(Principal::Service(name)) => {
                role.services
                    .extend(Service::ALL.into_iter().filter(|one| one.principal() == name));
            }
            Some(Principal::Everybody) | None => {}
        }
        let ids = statement.conditions().values().filter_map(|keys| keys.get("sts:ExternalId"));
        role.external_ids.extend(ids.flatten().cloned());
        let who = statement.conditions().values().filter_map(|keys| keys.get("sts:SourceIdentity"));
        role.source_identities.extend(who.flatten().cloned());
        if statement.actions().iter().any(|action| action == "sts:TagSession") {
            role.tagging = Tagging::Trusted;
        }
    }
    role
}

/// The accounts that a bucket's policy lets in, the owner among them.
fn tenants(item: &Item, spec: &BucketSpec, members: &[Member]) -> BTreeSet<AccountId> {
    let shares = |member: &&Member| member.environment.artifacts_bucket == spec.name;
    let sharing = members.iter().filter(shares).map(|member| &member.environment.account);
    sharing.chain([&item.account]).cloned().collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tools_account_is_an_account() {
        assert_eq!(super::tools_account().as_str(), super::TOOLS_ACCOUNT);
        assert_eq!(super::AGENT.as_str(), super::agent_principal());
    }
}
