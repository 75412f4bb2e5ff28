//! Errors of the adapters as failures of a stage: class for the machine, sentence and hint for people.

use crate::{
    aws::CloudError,
    deploy::{ApplyError, SurveyError},
    engine::context::chain,
    flow::Failure,
    spec::FailureClass,
};
use std::fmt::Display;

/// A cloud call failed.
impl From<CloudError> for Failure {
    fn from(error: CloudError) -> Self {
        let failure = Self::new(FailureClass::CloudError, error.to_string());
        match error.remedy() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

/// What is there, or what should be, could not be told.
pub(super) fn of_survey(error: SurveyError) -> Failure {
    match error {
        SurveyError::Cloud(error) => error.into(),
        SurveyError::Desired(error) => Failure::new(FailureClass::UserError, chain(&error))
            .with_hint("`agent validate` shows it with its place"),
    }
}

/// A plan could not be applied.
pub(super) fn of_apply(error: ApplyError) -> Failure {
    let failure = Failure::new(FailureClass::CloudError, chain(&error));
    match error {
        ApplyError::Stale { .. } => {
            failure.with_hint("run again: a new plan takes into account what has changed")
        }
        ApplyError::Change { .. } => failure.with_hint(
            "what was done before it stays; `agent resume` or the next run goes on from there",
        ),
        ApplyError::WrongAccount { .. } | ApplyError::OtherCommit { .. } => failure,
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
