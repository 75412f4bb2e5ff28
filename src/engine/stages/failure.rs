//! Errors of the adapters as failures of a stage: class for the machine, sentence and hint for people.

use crate::{
    aws::{CloudError, ErrorClass},
    flow::Failure,
    spec::FailureClass,
};
use std::fmt::Display;

/// A cloud call failed.
impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let failure = Self::new(FailureClass::CloudError, error.to_string());
        match hint(error.class) {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

fn hint(class: ErrorClass) -> Option<&'static str> {
    match class {
        ErrorClass::Denied => Some(
            "check the role's trust policy and external id, and that its policies allow this call",
        ),
        ErrorClass::WrongAccount => {
            Some("account_id and deploy_role of the environment file must be of one account")
        }
        ErrorClass::Expired => Some("sign in again: the base credentials are over"),
        ErrorClass::LimitExceeded => Some("ask AWS for a higher quota, or remove what is not used"),
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Conflict
        | ErrorClass::Throttled
        | ErrorClass::Invalid
        | ErrorClass::Unavailable
        | ErrorClass::Other => None,
    }
}

/// The agent itself could not `act`.
pub(super) fn agent<E: Display>(act: &str) -> impl FnOnce(E) -> Failure {
    let act = act.to_owned();
    move |error| Failure::new(FailureClass::AgentError, format!("{act}: {error}"))
}

/// The user's files do not allow to `act`.
pub(super) fn user<E: Display>(act: &str) -> impl FnOnce(E) -> Failure {
    let act = act.to_owned();
    move |error| Failure::new(FailureClass::UserError, format!("{act}: {error}"))
}
