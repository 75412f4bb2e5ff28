//! AssumeRole: trust, external id, durations, session policy.

use crate::{
    ids::Digest,
    rehearsal::{
        Call, Policy, Principal, Role, RoleSession, ServiceError, check, check::Shape, time,
    },
};
use jiff::{SignedDuration, ToSpan as _};
use serde::Deserialize;
use serde_json::{Value, json};

/// Limits of the AssumeRole API.
const SESSION_NAME: Shape = Shape { length: 2..=64, more: "_+=,.@-" };
const EXTERNAL_ID: Shape = Shape { length: 2..=1224, more: "_+=,.@:/-" };
const LONGEST_POLICY: usize = 2048;
const MOST_TAGS: usize = 50;
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
    tags: Vec<Value>,
    #[serde(default)]
    policy_arns: Vec<Value>,
}

pub(super) async fn assume_role(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let input: Input = call.input()?;
    let seconds = check_input(&input)?;
    let role = trusting_role(call, &input)?;
    check_duration(call, role, seconds)?;
    let source_identity = source_identity(call, &input)?;
    let policy = session_policy(&input)?;

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
    }
    check::length(INVALID, "tags", input.tags.len(), 0..=MOST_TAGS)?;
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
        .ok_or_else(|| {
            ServiceError::refused(
                "AccessDeniedException",
                format!(
                    "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
                    call.principal.arn(),
                    input.role_arn
                ),
            )
        })
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

/// Once set, a source identity stays.
fn source_identity(call: &Call<'_>, input: &Input) -> Result<Option<String>, ServiceError> {
    let kept = call.principal.source_identity();
    match (&input.source_identity, kept) {
        (Some(asked), Some(kept)) if asked != kept => Err(ServiceError::refused(
            "AccessDeniedException",
            "the source identity cannot be changed in a chain of roles",
        )),
        (Some(asked), _) => Ok(Some(asked.clone())),
        (None, kept) => Ok(kept.map(str::to_owned)),
    }
}

fn session_policy(input: &Input) -> Result<Option<Policy>, ServiceError> {
    let Some(text) = &input.policy else { return Ok(None) };
    check::length(INVALID, "policy", text.chars().count(), 1..=LONGEST_POLICY)?;
    Policy::parse(text)
        .map(Some)
        .map_err(|error| ServiceError::refused("MalformedPolicyDocument", error.to_string()))
}
