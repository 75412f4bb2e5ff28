//! Leave: before the first change it is asked whether IAM will let the deploy role make all of them.
//!
//! A permission that is missing then stops the stage while nothing has happened. Where IAM cannot be asked, or says what
//! cannot be, that is told in a line and the stage goes on: the calls themselves find out.

use super::work::Work;
use crate::{
    aws::{CloudError, ErrorClass, Iam, Session},
    flow::Failure,
    plan::Change,
    preflight::{self, Act, Leave, Question},
    spec::{Environment, FailureClass},
};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;

/// Refuses where the deploy role is certain not to be allowed one of `changes`. Asks nothing where there are none.
pub(super) async fn demand(
    work: &Work<'_>,
    environment: &Environment,
    session: &Session,
    changes: &[&Change],
) -> Result<(), Failure> {
    let iam = session.iam().asking_once();
    let questions = preflight::questions(environment, changes);
    match asked(&iam, &questions).await {
        Ok(Leave::Given) => Ok(()),
        Ok(Leave::Lacking(acts)) => Err(lacking(environment, &acts)),
        Ok(Leave::Implausible) => work.tell(
            "could not ask IAM beforehand: its simulation denies what this role has just done",
        ),
        Err(error) => work.tell(&format!("could not ask IAM beforehand: {}", reason(&error))),
    }
}

/// The first question decides whether there are answers at all; the others are put at the same time.
async fn asked(iam: &Iam, questions: &[Question]) -> Result<Leave, CloudError> {
    let Some((first, others)) = questions.split_first() else { return Ok(Leave::Given) };
    let mut refused = match put(iam, first).await? {
        Leave::Implausible => return Ok(Leave::Implausible),
        Leave::Given => Vec::new(),
        Leave::Lacking(acts) => acts,
    };
    for leave in try_join_all(others.iter().map(|question| put(iam, question))).await? {
        match leave {
            Leave::Given | Leave::Implausible => {}
            Leave::Lacking(acts) => refused.extend(acts),
        }
    }
    Ok(if refused.is_empty() { Leave::Given } else { Leave::Lacking(refused) })
}

async fn put(iam: &Iam, question: &Question) -> Result<Leave, CloudError> {
    Ok(question.judge(&iam.simulate(&question.permission).await?))
}

fn reason(error: &CloudError) -> String {
    if error.class == ErrorClass::Denied {
        "the deploy role may not simulate its own policies (iam:SimulatePrincipalPolicy)".to_owned()
    } else {
        error.to_string()
    }
}

fn lacking(environment: &Environment, acts: &[Act]) -> Failure {
    let Environment { name, deploy_role, .. } = environment;
    let told: Vec<String> =
        acts.iter().map(|Act { action, resource }| format!("{action} on {resource}")).collect();
    let actions: BTreeSet<&str> = acts.iter().map(|act| act.action.as_str()).collect();
    let actions: Vec<&str> = actions.into_iter().collect();
    let (role, told, actions) = (deploy_role.name(), told.join(", "), actions.join(", "));
    Failure::new(
        FailureClass::CloudError,
        format!("{role} may not {told}; this plan needs it, so nothing was changed"),
    )
    .with_hint(format!(
        "allow {deploy_role} {actions} on it (or take it out of the Deny that stands against it); agent doctor --env {name} looks at all permissions, agent bootstrap --env {name} gives them"
    ))
}
