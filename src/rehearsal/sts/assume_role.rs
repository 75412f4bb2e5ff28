//! AssumeRole: trust, external id, source identity, tags, durations, session policy.

use super::tags::{self, Tag};
use crate::{
    ids::Digest,
    rehearsal::{
        Call, Policy, Principal, Role, RoleSession, ServiceError, Tagging, check, check::Shape,
        time,
    },
};
use jiff::{SignedDuration, ToSpan as _};
use serde::Deserialize;
use serde_json::{Value, json};

/// Limits of the AssumeRole API.
const SESSION_NAME: Shape = Shape { length: 2..=64, more: "_+=,.@-" };
const EXTERNAL_ID: Shape = Shape { length: 2..=1224, more: "_+=,.@:/-" };
const LONGEST_POLICY: usize = 2048;
const SHORTEST_SESSION_SECONDS: u32 = 900;
const LONGEST_SESSION_SECONDS: u32 = 43_200;
const DEFAULT_SESSION_SECONDS: u32 = 3600;

/// Longest session of a role that was assumed from a role (IAM user guide, role chaining).
const LONGEST_CHAINED_SECONDS: u32 = 3600;

/// How long an expired session is still told to be expired, and not unknown.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

const INVALID: &str = "ValidationError";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default)]
    role_arn: String,
    #[serde(default)]
    role_session_name: String,
    duration_seconds: Option<String>,
    external_id: Option<String>,
    policy: Option<String>,
    source_identity: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    transitive_tag_keys: Vec<String>,
    #[serde(default)]
    policy_arns: Vec<Value>,
}

pub(super) async fn assume_role(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let input: Input = call.input()?;
    let seconds = check_input(&input)?;
    let role = trusting_role(call, &input)?;
    check_duration(call, role, seconds)?;
    let source_identity = source_identity(call, role, &input)?;
    let tags = session_tags(call, role, &input)?;
    let policy = session_policy(&input)?;
    let packed = tags::packed(input.policy.as_deref(), &tags)?;

    let number = call.shelf.count_up("sessions").await?;
    let digest = Digest::of(format!("{number} {} {}", role.arn, input.role_session_name));
    let (id, secret) = digest.as_str().split_at(16);
    let key = format!("ASIA{}", id.to_uppercase());
    let expires =
        call.now.checked_add(i64::from(seconds).seconds()).map_err(ServiceError::internal)?;
    let session = RoleSession {
        role: role.arn.clone(),
        name: input.role_session_name,
        token: format!("rehearsal-session-{}", Digest::of(secret)),
        expires,
        policy,
        source_identity: source_identity.clone(),
        tags: tags.all,
        transitive: tags.transitive,
    };
    let token = session.token.clone();
    let principal = Principal::Session(Box::new(session.clone()));
    call.shelf.put_global(&key, &session).await?;
    let forgotten = call.now.checked_sub(REMEMBERED).map_err(ServiceError::internal)?;
    call.shelf.forget_expired::<RoleSession>(forgotten).await?;
    Ok(json!({
        "AssumedRoleUser": { "AssumedRoleId": principal.user_id(), "Arn": principal.arn() },
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time::iso(expires),
        },
        "SourceIdentity": source_identity,
        "PackedPolicySize": packed,
        "SessionTokenUtilization": packed,
    }))
}

/// The forms of the fields; gives the duration asked for.
fn check_input(input: &Input) -> Result<u32, ServiceError> {
    check::length(INVALID, "roleArn", input.role_arn.len(), 20..=2048)?;
    SESSION_NAME.demand(INVALID, "roleSessionName", &input.role_session_name)?;
    if let Some(id) = &input.external_id {
        EXTERNAL_ID.demand(INVALID, "externalId", id)?;
    }
    if let Some(identity) = &input.source_identity {
        SESSION_NAME.demand(INVALID, "sourceIdentity", identity)?;
        if identity.to_lowercase().starts_with("aws:") {
            return Err(ServiceError::refused(
                INVALID,
                "a source identity must not begin with aws:",
            ));
        }
    }
    if !input.policy_arns.is_empty() {
        return Err(ServiceError::refused(
            INVALID,
            "the rehearsal knows no managed policies: send the session policy itself",
        ));
    }
    let seconds = match &input.duration_seconds {
        None => DEFAULT_SESSION_SECONDS,
        Some(text) => text.parse().unwrap_or_default(),
    };
    check::number(
        INVALID,
        "durationSeconds",
        i64::from(seconds),
        i64::from(SHORTEST_SESSION_SECONDS)..=i64::from(LONGEST_SESSION_SECONDS),
    )?;
    Ok(seconds)
}

/// The role, if the caller may take it.
fn trusting_role<'c>(call: &Call<'c>, input: &Input) -> Result<&'c Role, ServiceError> {
    call.landscape
        .role(&input.role_arn)
        .filter(|role| role.trusted.contains(&call.principal.trusted_as()))
        .filter(|role| {
            role.external_ids.is_empty()
                || input.external_id.as_ref().is_some_and(|id| role.external_ids.contains(id))
        })
        .filter(|_| call.principal.may(call.landscape, "sts:AssumeRole", &input.role_arn))
        .ok_or_else(|| denied(call, "sts:AssumeRole", &input.role_arn))
}

fn denied(call: &Call<'_>, action: &str, role: &str) -> ServiceError {
    let who = call.principal.arn();
    let message = format!("User: {who} is not authorized to perform: {action} on resource: {role}");
    ServiceError::refused("AccessDeniedException", message)
}

fn check_duration(call: &Call<'_>, role: &Role, seconds: u32) -> Result<(), ServiceError> {
    if seconds > role.longest_session_seconds {
        return Err(ServiceError::refused(
            INVALID,
            "the requested DurationSeconds exceeds the MaxSessionDuration set for this role",
        ));
    }
    if call.principal.is_role() && seconds > LONGEST_CHAINED_SECONDS {
        return Err(ServiceError::refused(
            INVALID,
            "the requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    Ok(())
}

/// Once set, a source identity stays. Both to set one and to hand one on, the role must trust the caller with it.
fn source_identity(
    call: &Call<'_>,
    role: &Role,
    input: &Input,
) -> Result<Option<String>, ServiceError> {
    let kept = call.principal.source_identity();
    let wanted = input.source_identity.as_deref().or(kept);
    let Some(wanted) = wanted else { return Ok(None) };
    if kept.is_some_and(|kept| kept != wanted) {
        return Err(ServiceError::refused(
            "AccessDeniedException",
            "the source identity cannot be changed in a chain of roles",
        ));
    }
    if !role.source_identities.contains(wanted) {
        return Err(denied(call, "sts:SetSourceIdentity", &input.role_arn));
    }
    Ok(Some(wanted.to_owned()))
}

/// Tags that are sent, and those that a chain hands on, take a role that lets sessions be tagged.
fn session_tags(call: &Call<'_>, role: &Role, input: &Input) -> Result<tags::Tags, ServiceError> {
    let tags = tags::read(call, &input.tags, &input.transitive_tag_keys)?;
    match role.tagging {
        Tagging::Trusted => Ok(tags),
        Tagging::Refused if tags.all.is_empty() => Ok(tags),
        Tagging::Refused => Err(denied(call, "sts:TagSession", &input.role_arn)),
    }
}

fn session_policy(input: &Input) -> Result<Option<Policy>, ServiceError> {
    let Some(text) = &input.policy else { return Ok(None) };
    check::length(INVALID, "policy", text.chars().count(), 1..=LONGEST_POLICY)?;
    Policy::parse(text)
        .map(Some)
        .map_err(|error| ServiceError::refused("MalformedPolicyDocument", error.to_string()))
}
