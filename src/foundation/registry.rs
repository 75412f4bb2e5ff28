//! The group of models that all environments share, and where their runs' lines go.

use super::{
    deploy_role::READ_REGISTRY,
    policy::{Policy, Principal, Statement},
    resource::{Item, Resource, Setting},
    scope::{Member, Scope},
};
use crate::{ids::Arn, spec::LogGroup};

/// The only class of log group whose lines can be searched and followed; it cannot be changed afterwards.
pub const LOG_CLASS: &str = "STANDARD";

/// A model package group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSpec {
    /// Its ARN.
    pub arn: Arn,
    /// Which accounts may read and register; none where there is no other.
    pub policy: Option<Policy>,
}

impl GroupSpec {
    /// What is set on it.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.policy.iter().cloned().map(Setting::GroupPolicy).collect()
    }
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroupSpec {
    /// Name, retention and key, as the environment file has them.
    pub group: LogGroup,
}

impl LogGroupSpec {
    /// What is set on it. The key only where the file names one: a group that somebody encrypted stays so.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let key = self.group.kms_key.iter().map(|key| Setting::LogKey(key.clone()));
        key.chain([Setting::Retention(self.group.retention_days)]).collect()
    }
}

/// The groups of the environments that are looked after, as all environments need them.
pub(super) fn groups(scope: &Scope) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for member in scope.covered() {
        let arn = &member.environment.model_package_group;
        if items.iter().all(|item| item.arn() != Some(arn)) {
            let group = GroupSpec { arn: arn.clone(), policy: policy(scope, arn) };
            let account = member.registry();
            items.push(Item { account, ..Item::of(member, Resource::Group(group)) });
        }
    }
    items
}

/// Each account decides by its own policies which of its roles; nobody from outside may decide about a version.
fn policy(scope: &Scope, group: &Arn) -> Option<Policy> {
    let of_group = |one: &&Member| one.environment.model_package_group == *group;
    let members: Vec<&Member> = scope.members.iter().filter(of_group).collect();
    let tenants = members.iter().filter(|one| one.environment.account != one.registry());
    let mut roots: Vec<String> = tenants.map(|one| one.root_of(&one.environment.account)).collect();
    roots.sort();
    roots.dedup();
    let first = members.first().filter(|_| !roots.is_empty())?;
    let statement = |name: &str, actions: &[&str]| {
        Statement::allow(name, actions).by(Principal::Aws(roots.clone())).on(first.registry_arns())
    };
    Some(Policy::of([
        statement("Read", READ_REGISTRY),
        statement("Register", &["sagemaker:CreateModelPackage"]),
    ]))
}

/// The log groups of the environments that are looked after, each once.
pub(super) fn log_groups(scope: &Scope) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for member in scope.covered() {
        let group = member.environment.log_group.clone();
        let item = Item::of(member, Resource::LogGroup(LogGroupSpec { group }));
        let same = |other: &Item| {
            other.account == item.account
                && other.region == item.region
                && other.name() == item.name()
        };
        if !items.iter().any(same) {
            items.push(item);
        }
    }
    items
}
