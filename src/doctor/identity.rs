//! Who the agent is, whether it gets the deploy role, and whether it is the external id that lets it in.

use super::{Subject, unread};
use crate::{
    aws::{Caller, CloudError, ErrorClass, Session, Unlocked},
    preflight::{Check, Outcome},
    spec::Environment,
};

pub(super) fn caller(caller: &Result<Caller, CloudError>) -> Outcome {
    match caller {
        Ok(caller) => Outcome::ok(caller.arn.clone()),
        Err(error) => Outcome::failed(error.to_string(), renewal(error)),
    }
}

fn renewal(error: &CloudError) -> String {
    match error.class {
        ErrorClass::Expired => "renew the agent's credentials, for instance: aws sso login",
        ErrorClass::Denied => {
            "see whether these are the right credentials (aws sts get-caller-identity) and the clock is right"
        }
        ErrorClass::Unavailable | ErrorClass::Throttled => {
            "see whether the network lets the agent reach sts.REGION.amazonaws.com, and do this again"
        }
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Conflict
        | ErrorClass::Invalid
        | ErrorClass::LimitExceeded
        | ErrorClass::WrongAccount
        | ErrorClass::Other => {
            "give the agent credentials: a role of its machine, a profile (AWS_PROFILE) or aws sso login"
        }
    }
    .to_owned()
}

pub(super) fn session(session: &Result<Session, CloudError>, environment: &Environment) -> Outcome {
    let Environment { name, deploy_role, account, external_id, .. } = environment;
    match session {
        Ok(session) => {
            Outcome::ok(format!("{} in account {}", session.role().name(), session.account()))
        }
        Err(error) => {
            let id = external_id.as_ref().map(|id| format!(" with external id {id}"));
            let fix = match error.class {
                ErrorClass::WrongAccount => format!(
                    "environments/{name}.yaml: account_id is {account}, and deploy_role must be a role of that account"
                ),
                ErrorClass::Denied => format!(
                    "let {deploy_role} trust the agent's role{}, and the agent's role take it (sts:AssumeRole)",
                    id.unwrap_or_default()
                ),
                ErrorClass::NotFound
                | ErrorClass::AlreadyExists
                | ErrorClass::Conflict
                | ErrorClass::Throttled
                | ErrorClass::Expired
                | ErrorClass::Invalid
                | ErrorClass::LimitExceeded
                | ErrorClass::Unavailable
                | ErrorClass::Other => renewal(error),
            };
            let outcome = Outcome::failed(error.to_string(), fix);
            let mendable = error.class == ErrorClass::Denied;
            if mendable { outcome.or_bootstrap(name) } else { outcome }
        }
    }
}

/// Asks for the role as somebody would who does not know the external id. Nothing to ask where there is none.
pub(super) async fn unlocked(subject: Subject<'_>) -> Option<Check> {
    let Subject { access, environment, run, .. } = subject;
    let id = environment.external_id.as_ref()?;
    let outcome = match access.without_external_id(environment, run).await {
        Ok(Unlocked::No) => Outcome::ok("without it the role is refused"),
        Ok(Unlocked::Yes) => Outcome::warning(
            "the role is given without it as well: it protects nothing",
            format!(
                r#"add to the role's trust policy: "StringEquals":{{"sts:ExternalId":"{id}"}}"#
            ),
        )
        .or_bootstrap(&environment.name),
        Err(error) => unread(&error),
    };
    Some(Check::new("external id", outcome))
}
