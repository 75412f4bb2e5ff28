//! What accounts must hold before anything is deployed to them: keys, buckets, roles, the model package group, the log
//! group. Derived from the environment files alone, with least privilege, and written out as JSON or Terraform.
//!
//! [`Foundation::of`] says what should be, in the order in which it can be made. [`compare`] says what is missing or
//! different, given what was found. The rehearsal's accounts are furnished by the same derivation, so whatever works
//! there works with these policies.

mod buckets;
mod canonical;
mod compare;
mod deploy_role;
mod execution_role;
mod keys;
mod policy;
mod registry;
pub mod render;
mod resource;
mod roles;
mod scope;
mod service_roles;
pub mod terraform;
#[cfg(test)]
pub(crate) mod tests;

pub use buckets::BucketSpec;
pub use canonical::{canonical, merged};
pub use compare::{Difference, Found, Standing, compare};
pub use keys::KeySpec;
pub use policy::{Effect, Policy, Principal, Statement};
pub use registry::{GroupSpec, LOG_CLASS, LogGroupSpec};
pub use resource::{FOUNDATION_TAG, Item, MODEL_TAG, Origin, Resource, Setting};
pub use roles::RoleSpec;
pub use scope::{Member, People, Scope};

use crate::ids::{AccountId, Digest};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Everything that must be there, in the order in which it is made: keys, then roles, which policies of keys and
/// buckets need not wait for, then what lets them in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foundation {
    /// The things.
    pub items: Vec<Item>,
    /// What the agent's own role needs, wherever it lives: to take the deploy roles, and nothing else.
    pub agent: Policy,
}

impl Foundation {
    /// What `scope` needs.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let mut items = keys::keys(scope);
        items.extend(roles::roles(scope));
        items.extend(buckets::buckets(scope));
        items.extend(registry::log_groups(scope));
        items.extend(registry::groups(scope));
        let deploy_roles = scope.covered().map(|member| &member.environment.deploy_role);
        let actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];
        let agent = Policy::of([Statement::allow("Deploy", &actions).on(deploy_roles)]);
        Self { items, agent }
    }

    /// The accounts it stands in.
    #[must_use]
    pub fn accounts(&self) -> BTreeSet<&AccountId> {
        self.items.iter().map(|item| &item.account).collect()
    }

    /// The keys.
    pub fn keys(&self) -> impl Iterator<Item = (&Item, &KeySpec)> {
        self.items.iter().filter_map(|item| match &item.resource {
            Resource::Key(key) => Some((item, key)),
            Resource::Role(_)
            | Resource::Bucket(_)
            | Resource::Group(_)
            | Resource::LogGroup(_) => None,
        })
    }

    /// All of it, policies whole.
    #[must_use]
    pub fn json(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(item_json).collect();
        json!({ "items": items, "agent_policy": self.agent.json() })
    }

    /// Changes if anything of it does, and only then.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(self.json().to_string())
    }
}

fn item_json(item: &Item) -> Value {
    let settings = item.settings().into_iter().map(|one| (one.aspect(), one.wanted()));
    json!({
        "kind": item.kind(), "name": item.name(), "account": item.account, "region": item.region,
        "arn": item.arn(), "settings": settings.collect::<serde_json::Map<_, _>>(),
    })
}
