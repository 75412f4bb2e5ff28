//! IAM: looking at roles and asking what they may do. Roles come from the environment files; nothing is written here.

use super::{Call, Role, ServiceError, Tagging};
use crate::ids::{Arn, Digest};
use http::StatusCode;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[&str] = &["GetRole", "SimulatePrincipalPolicy"];

/// Most actions of one simulation that are looked at; IAM itself names no number.
const MOST_ACTIONS: usize = 1000;

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "GetRole" => get_role(call),
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

fn get_role(call: &Call<'_>) -> Result<Value, ServiceError> {
    let name = call.text("RoleName").unwrap_or_default();
    let Some(role) = role(call, name) else {
        return Err(no_such_entity(format!("The role with name {name} cannot be found.")));
    };
    let digest = Digest::of(role.arn.as_str());
    let (id, _) = digest.as_str().split_at(16);
    Ok(json!({ "Role": {
        "Path": path(&role.arn),
        "RoleName": role.arn.name(),
        "RoleId": format!("AROA{}", id.to_uppercase()),
        "Arn": role.arn,
        "CreateDate": "2026-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": encoded(&trust(role).to_string()),
        "MaxSessionDuration": role.longest_session_seconds,
    }}))
}

fn path(arn: &Arn) -> String {
    let path = arn.resource().strip_prefix("role").unwrap_or_default();
    path.strip_suffix(arn.name()).unwrap_or("/").to_owned()
}

/// The trust that [`super::sts`] and PassRole act by, written out.
fn trust(role: &Role) -> Value {
    let mut statements = Vec::new();
    if !role.trusted.is_empty() {
        let trusted = json!({ "AWS": role.trusted });
        let allow =
            |action: &str| json!({ "Effect": "Allow", "Principal": trusted, "Action": action });
        let mut statement = allow("sts:AssumeRole");
        if !role.external_ids.is_empty() {
            let asked = json!({ "StringEquals": { "sts:ExternalId": role.external_ids } });
            statement["Condition"] = asked;
        }
        statements.push(statement);
        if !role.source_identities.is_empty() {
            let mut statement = allow("sts:SetSourceIdentity");
            let asked = json!({ "StringEquals": { "sts:SourceIdentity": role.source_identities } });
            statement["Condition"] = asked;
            statements.push(statement);
        }
        if role.tagging == Tagging::Trusted {
            statements.push(allow("sts:TagSession"));
        }
    }
    if !role.services.is_empty() {
        let services: Vec<&str> = role.services.iter().map(|service| service.principal()).collect();
        statements.push(json!({
            "Effect": "Allow", "Principal": { "Service": services }, "Action": "sts:AssumeRole",
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
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
            json!({
                "EvalActionName": action,
                "EvalResourceName": resources.first(),
                "EvalDecision": decision(role, action, &resources),
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
