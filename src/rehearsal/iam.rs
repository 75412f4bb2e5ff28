//! IAM: looking at roles and asking what they may do. Roles come from the environment files; nothing is written here.

use super::{Call, Role, ServiceError};
use crate::{
    foundation::{Item, Origin, Setting},
    ids::{Arn, Digest},
};
use http::StatusCode;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[&str] = &[
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListRolePolicies",
    "SimulatePrincipalPolicy",
];

/// Most actions of one simulation that are looked at; IAM itself names no number.
const MOST_ACTIONS: usize = 1000;

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "GetRole" => get_role(call),
        "GetRolePolicy" => get_policy(call),
        "ListAttachedRolePolicies" => list_attached(call),
        "ListRolePolicies" => list_policies(call),
        "SimulatePrincipalPolicy" => simulate(call),
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// The role the call is about.
pub(super) fn resource(call: &Call<'_>) -> String {
    let named = call.text("RoleName").and_then(|name| role(call, name));
    let arn = named.map(|role| role.arn.to_string());
    arn.or_else(|| call.text("PolicySourceArn").map(str::to_owned))
        .unwrap_or_else(|| "*".to_owned())
}

/// Names are unique within an account, whatever path stands before them.
fn role<'c>(call: &Call<'c>, name: &str) -> Option<&'c Role> {
    let mut roles = call.landscape.roles_of(&call.place.account);
    roles.find(|role| role.arn.name() == name)
}

fn named<'c>(call: &Call<'c>) -> Result<&'c Role, ServiceError> {
    let name = call.text("RoleName").unwrap_or_default();
    role(call, name)
        .ok_or_else(|| no_such_entity(format!("The role with name {name} cannot be found.")))
}

fn get_role(call: &Call<'_>) -> Result<Value, ServiceError> {
    let role = named(call)?;
    let trust = role.laid.wanted("trust").unwrap_or_default();
    let digest = Digest::of(role.arn.as_str());
    let (id, _) = digest.as_str().split_at(16);
    Ok(json!({ "Role": {
        "Path": path(&role.arn),
        "RoleName": role.arn.name(),
        "RoleId": format!("AROA{}", id.to_uppercase()),
        "Arn": role.arn,
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": encoded(&trust.to_string()),
        "Tags": { "member": tags(&role.laid) },
        "MaxSessionDuration": role.longest_session_seconds,
    }}))
}

fn path(arn: &Arn) -> String {
    let path = arn.resource().strip_prefix("role").unwrap_or_default();
    path.strip_suffix(arn.name()).unwrap_or("/").to_owned()
}

fn tags(item: &Item) -> Vec<Value> {
    let tags = item.tags(Origin::Made).into_iter();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The inline policies of a role: name and text.
fn policies(item: &Item) -> Vec<(String, Value)> {
    let named = |setting: Setting| match setting {
        Setting::Permissions { name, policy } => Some((name, policy.json())),
        Setting::KeyPolicy(_)
        | Setting::KeyRotation
        | Setting::Trust(_)
        | Setting::LongestSession(_)
        | Setting::PublicAccess
        | Setting::Ownership
        | Setting::Versioning
        | Setting::Encryption { .. }
        | Setting::BucketPolicy(_)
        | Setting::GroupPolicy(_)
        | Setting::Retention(_)
        | Setting::LogKey(_) => None,
    };
    item.settings().into_iter().filter_map(named).collect()
}

fn list_policies(call: &Call<'_>) -> Result<Value, ServiceError> {
    let policies = policies(&named(call)?.laid);
    let names: Vec<String> = policies.into_iter().map(|(name, _)| name).collect();
    Ok(json!({ "PolicyNames": { "member": names }, "IsTruncated": false }))
}

fn get_policy(call: &Call<'_>) -> Result<Value, ServiceError> {
    let (role, name) = (named(call)?, call.text("PolicyName").unwrap_or_default());
    let found = policies(&role.laid).into_iter().find(|(policy, _)| policy == name);
    let (name, policy) = found.ok_or_else(|| {
        no_such_entity(format!("The role policy with name {name} cannot be found."))
    })?;
    Ok(json!({
        "RoleName": role.arn.name(), "PolicyName": name,
        "PolicyDocument": encoded(&policy.to_string()),
    }))
}

/// Nothing of AWS's own is attached to a role of the landscape.
fn list_attached(call: &Call<'_>) -> Result<Value, ServiceError> {
    named(call)?;
    Ok(json!({ "AttachedPolicies": {}, "IsTruncated": false }))
}

/// IAM percent-encodes policies, blanks included (RFC 3986).
fn encoded(text: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    encoded.replace('+', "%20")
}

fn simulate(call: &Call<'_>) -> Result<Value, ServiceError> {
    let arn = call.text("PolicySourceArn").unwrap_or_default();
    let own = |role: &&Role| role.arn.account().as_ref() == Some(&call.place.account);
    let Some(role) = call.landscape.role(arn).filter(own) else {
        return Err(no_such_entity(format!("Role {arn} cannot be found.")));
    };
    let list = |field: &str| -> Vec<String> {
        let members = call.body.get(field).and_then(Value::as_array).into_iter().flatten();
        members.filter_map(Value::as_str).take(MOST_ACTIONS).map(str::to_owned).collect()
    };
    let actions = list("ActionNames");
    if actions.is_empty() {
        return Err(ServiceError::refused("ValidationError", "ActionNames must not be empty"));
    }
    let mut resources = list("ResourceArns");
    if resources.is_empty() {
        resources.push("*".to_owned());
    }
    let results: Vec<Value> = actions
        .iter()
        .map(|action| {
            let each = resources.iter().map(|resource| {
                let decision = decision(role, action, std::slice::from_ref(resource));
                json!({ "EvalResourceName": resource, "EvalResourceDecision": decision })
            });
            json!({
                "EvalActionName": action,
                "EvalResourceName": resources.first(),
                "EvalDecision": decision(role, action, &resources),
                "ResourceSpecificResults": { "member": each.collect::<Vec<_>>() },
            })
        })
        .collect();
    Ok(json!({ "EvaluationResults": { "member": results }, "IsTruncated": false }))
}

/// The strictest over all resources, as IAM gives it.
fn decision(role: &Role, action: &str, resources: &[String]) -> &'static str {
    let policy = &role.permissions;
    if resources.iter().any(|resource| policy.denies(action, resource)) {
        "explicitDeny"
    } else if resources.iter().all(|resource| policy.allows(action, resource)) {
        "allowed"
    } else {
        "implicitDeny"
    }
}

fn no_such_entity(message: String) -> ServiceError {
    ServiceError::with_status(StatusCode::NOT_FOUND, "NoSuchEntity", message)
}
