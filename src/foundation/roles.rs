//! The roles, each once, whatever share it: one may run both pipelines, or approve for several environments.

use super::{
    deploy_role, execution_role,
    policy::{Policy, Statement},
    resource::{Item, Resource, Setting, spelled},
    scope::{Member, Scope},
    service_roles,
};
use crate::ids::{AccountId, Arn};
use std::collections::BTreeMap;

/// IAM's own default, and the most that role chaining allows.
const AN_HOUR: u32 = 3600;
/// People look at evidence for longer than programs.
const HALF_A_WORKING_DAY: u32 = 4 * AN_HOUR;
/// Characters of a policy's name besides letters and digits (PutRolePolicy, `PolicyName`).
const NAME_CHARACTERS: &str = "+=,.@-_";

/// A role with its inline policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleSpec {
    /// Its ARN, path included.
    pub arn: Arn,
    /// For people.
    pub description: String,
    /// Whom it lets in.
    pub trust: Policy,
    /// What it may do: one policy for each environment that uses it, by name.
    pub policies: BTreeMap<String, Policy>,
    /// Seconds a session may last.
    pub longest_session: u32,
}

impl RoleSpec {
    /// What is set on it; what it may do before whom it lets in.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let permissions = self.policies.iter().map(|(name, policy)| Setting::Permissions {
            name: name.clone(),
            policy: policy.clone(),
        });
        permissions
            .chain([
                Setting::LongestSession(self.longest_session),
                Setting::Trust(self.trust.clone()),
            ])
            .collect()
    }

    /// Its path: `/`, or what stands before its name.
    #[must_use]
    pub fn path(&self) -> &str {
        let path = self.arn.resource().strip_prefix("role").unwrap_or_default();
        path.strip_suffix(self.arn.name()).unwrap_or("/")
    }
}

/// What one environment asks of one role.
struct Part {
    arn: Arn,
    description: &'static str,
    trust: Vec<Statement>,
    policy: Policy,
    longest_session: u32,
}

/// Every role of the environments that are looked after, as all environments need it.
pub(super) fn roles(scope: &Scope) -> Vec<Item> {
    let covered: Vec<Arn> =
        scope.covered().flat_map(|member| parts(member, scope)).map(|part| part.arn).collect();
    let mut items: Vec<Item> = Vec::new();
    for member in &scope.members {
        let parts = parts(member, scope).into_iter();
        for part in parts.filter(|part| covered.contains(&part.arn)) {
            add(&mut items, member, part);
        }
    }
    items
}

fn add(items: &mut Vec<Item>, member: &Member, part: Part) {
    let name = policy_name(member);
    let known = items.iter_mut().find_map(|item| match &mut item.resource {
        Resource::Role(role) if role.arn == part.arn => Some(role),
        Resource::Role(_)
        | Resource::Key(_)
        | Resource::Bucket(_)
        | Resource::Group(_)
        | Resource::LogGroup(_) => None,
    });
    if let Some(role) = known {
        role.trust = std::mem::take(&mut role.trust).and(part.trust);
        let policy = role.policies.entry(name).or_default();
        *policy = std::mem::take(policy).and(part.policy.statements().to_vec());
        return;
    }
    let account =
        part.arn.account().unwrap_or_else(|| AccountId::clone(&member.environment.account));
    let role = RoleSpec {
        description: part.description.to_owned(),
        trust: Policy::of(part.trust),
        policies: BTreeMap::from([(name, part.policy)]),
        longest_session: part.longest_session,
        arn: part.arn,
    };
    items.push(Item { account, ..Item::of(member, Resource::Role(role)) });
}

/// One policy a model and environment, so that others' policies on the same role are left alone.
fn policy_name(member: &Member) -> String {
    let name = format!("relevo-{}-{}", member.environment.model_name, member.name());
    spelled(&name, NAME_CHARACTERS)
}

fn parts(member: &Member, scope: &Scope) -> Vec<Part> {
    let environment = &member.environment;
    let part = |arn: &Arn, description, trust, policy| Part {
        arn: arn.clone(),
        description,
        trust,
        policy,
        longest_session: AN_HOUR,
    };
    let execution = |arn: &Arn| {
        let policy = execution_role::policy(member, scope, arn);
        part(
            arn,
            "Runs SageMaker pipelines and their jobs",
            vec![execution_role::trust(member)],
            policy,
        )
    };
    let mut parts = vec![part(
        &environment.deploy_role,
        "The agent deploys with it",
        vec![deploy_role::trust(member, &scope.people)],
        deploy_role::policy(member, scope),
    )];
    parts.extend(member.execution_roles().into_iter().map(execution));
    parts.extend([
        part(
            &environment.lambda_role,
            "Finds the model in use",
            vec![service_roles::function_trust()],
            service_roles::function_policy(member, scope),
        ),
        part(
            &environment.events_role,
            "Starts pipelines on schedule",
            vec![service_roles::events_trust(member)],
            service_roles::events_policy(member),
        ),
        Part {
            longest_session: HALF_A_WORKING_DAY,
            ..part(
                &environment.approver_role,
                "People decide about models with it",
                service_roles::approver_trust(member, &scope.people),
                service_roles::approver_policy(member),
            )
        },
    ]);
    parts
}
