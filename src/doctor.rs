//! Looks at everything a deployment needs, changing nothing.
//!
//! All checks run at once and each fails alone: what cannot be read is told as unknown, with the reason, and the rest
//! is judged all the same. What is read is judged in [`preflight`](crate::preflight). Who the agent is, the clock and
//! the environment file are looked at even where no session can be had.

mod identity;
mod images;
mod places;
mod roles;
mod service;

use crate::{
    aws::{Access, Caller, CloudError, ErrorClass, Purpose, Session},
    ids::RunId,
    preflight::{self, Check, Destination, Outcome},
    spec::Environment,
};
use jiff::Timestamp;
use std::borrow::Cow;

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// How its cloud is reached.
    pub access: &'a Access,
    /// The environment.
    pub environment: &'a Environment,
    /// The branch that deploys to it.
    pub branch: &'a str,
    /// Names the sessions.
    pub run: &'a RunId,
    /// The time here.
    pub now: Timestamp,
}

/// Examines the environment: one check a line, in the order in which a person would look.
pub async fn examine(subject: Subject<'_>) -> Vec<Check> {
    let Subject { access, environment, branch, run, now } = subject;
    let destination = Destination { environment, branch };
    let (met, session, unlocked) = tokio::join!(
        access.caller(environment),
        access.assume(environment, run, Purpose::Diagnose),
        identity::unlocked(subject),
    );
    let (caller, there) = met;
    let mut checks = vec![
        Check::new("agent's identity", identity::caller(&caller)),
        Check::new("clock", there.map_or_else(no_time, |there| preflight::skew(now, there))),
        Check::new("deploy role", identity::session(&session, environment)),
    ];
    checks.extend(unlocked);
    let session = session.as_ref().ok();
    let (seen, images) = tokio::join!(
        Box::pin(seen(session, destination, caller.as_ref().ok())),
        Box::pin(images::examine(session, environment)),
    );
    checks.extend(seen);
    checks.push(Check::new("fire times", preflight::fire_times(&environment.schedule, now)));
    checks.extend(images);
    checks
}

/// What only a session shows.
async fn seen(
    session: Option<&Session>,
    destination: Destination<'_>,
    caller: Option<&Caller>,
) -> Vec<Check> {
    let environment = destination.environment;
    let Some(session) = session else {
        let unseen = ["roles", "key", "bucket", "registry", "log group", "alerts", "schedule"];
        return unseen.map(|what| Check::new(what, Outcome::unknown(LATER))).to_vec();
    };
    let named = named_by_key(session, environment).await;
    let (roles, places, service) = tokio::join!(
        Box::pin(roles::examine(session, &named, caller)),
        Box::pin(places::examine(session, &named, &environment.kms_key)),
        Box::pin(service::examine(session, destination)),
    );
    roles.into_iter().chain(places).chain(service).collect()
}

/// The environment with the key itself where its file names an alias: IAM and policies know no alias. Where KMS does not
/// tell which key that is, the alias stays.
async fn named_by_key<'e>(session: &Session, environment: &'e Environment) -> Cow<'e, Environment> {
    if !preflight::is_alias(environment.kms_key.as_str()) {
        return Cow::Borrowed(environment);
    }
    let behind = session.kms().key(&environment.kms_key).await.ok().flatten();
    match behind.and_then(|key| key.arn) {
        Some(kms_key) => Cow::Owned(Environment { kms_key, ..environment.clone() }),
        None => Cow::Borrowed(environment),
    }
}

/// Why nothing is said of what only a session shows.
const LATER: &str = "looked at once the deploy role can be taken";

fn no_time() -> Outcome {
    Outcome::unknown("no answer told the time")
}

/// What was to be read could not be.
fn unread(error: &CloudError) -> Outcome {
    if error.is_unheard_of() {
        return Outcome::unknown(format!("this endpoint does not offer it: {error}"));
    }
    if error.class == ErrorClass::Denied {
        return Outcome::unknown(format!(
            "the deploy role may not ask: {} is refused",
            error.operation
        ));
    }
    Outcome::unknown(error.to_string())
}

/// Judges what was read, or says why it was not.
fn judged<T>(read: &Result<T, CloudError>, judge: impl FnOnce(&T) -> Outcome) -> Outcome {
    match read {
        Ok(found) => judge(found),
        Err(error) => unread(error),
    }
}
