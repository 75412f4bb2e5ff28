//! Doing a plan: that plan, in its order, and only what is left of it.

use super::{observe::observe, perform::PerformError};
use crate::{
    aws::{CloudError, Session},
    clock::Clock,
    ids::AccountId,
    plan::{Change, Desired, Part, Plan, plan, render::one_line},
};

/// A plan on its way into an account.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// Where to.
    pub session: &'a Session,
    /// Waits go by it.
    pub clock: &'a dyn Clock,
    /// What should be; the plan was made from it.
    pub desired: &'a Desired,
    /// What was shown.
    pub plan: &'a Plan,
}

/// Hears of each change before and after it is done.
pub trait Journal: Send {
    /// `change` is at `step`.
    fn note(&mut self, change: &Change, step: Step<'_>);
}

/// How far a change is.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It was done before.
    DoneBefore,
    /// It is about to be done.
    Begun,
    /// It is done.
    Done,
    /// It could not be done.
    Failed(&'a PerformError),
}

/// What an apply came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Changes done now.
    pub done: usize,
    /// Changes of the plan that had been done before.
    pub done_before: usize,
}

/// A plan that is not, or not wholly, applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The session is in another account than the plan was made for.
    #[error("the plan is for account {planned}, the session is in {actual}")]
    WrongAccount {
        /// The plan's account.
        planned: AccountId,
        /// The session's.
        actual: AccountId,
    },
    /// The plan was made from something else.
    #[error("the plan is of commit {planned}, not of {wanted}")]
    OtherCommit {
        /// The plan's commit.
        planned: String,
        /// The commit that is wanted.
        wanted: String,
    },
    /// What is there is not what the plan was made from, nor what it leads to.
    #[error(
        "the account or the environment file has changed since the plan: {change} is needed now and was not shown; plan again"
    )]
    Stale {
        /// A change that is not part of the plan.
        change: String,
    },
    /// What is there could not be read.
    #[error("reading the account failed")]
    Unreadable(#[source] CloudError),
    /// A change failed; those before it are done, those after it are not.
    #[error("could not {change}")]
    Change {
        /// The change.
        change: String,
        /// Why.
        source: PerformError,
    },
}

/// Does what is left of one part of the plan.
///
/// # Errors
/// If the plan is another account's or commit's, the account has changed since, or a change fails.
pub async fn apply(
    deployment: Deployment<'_>,
    part: Part,
    journal: &mut dyn Journal,
) -> Result<Applied, ApplyError> {
    let Deployment { session, desired, plan: shown, .. } = deployment;
    belongs(shown, session, desired)?;
    let observed = observe(session, desired).await.map_err(ApplyError::Unreadable)?;
    let needed = plan(desired, &observed);
    let left: Vec<&Change> = needed.changes_of(part).collect();
    if let Some(strange) = left.iter().find(|change| !shown.changes.contains(change)) {
        return Err(ApplyError::Stale { change: one_line(strange) });
    }
    let mut applied = Applied { done: 0, done_before: 0 };
    for change in shown.changes_of(part) {
        if !left.contains(&change) {
            journal.note(change, Step::DoneBefore);
            applied.done_before += 1;
            continue;
        }
        journal.note(change, Step::Begun);
        if let Err(source) = deployment.perform(change).await {
            journal.note(change, Step::Failed(&source));
            return Err(ApplyError::Change { change: one_line(change), source });
        }
        journal.note(change, Step::Done);
        applied.done += 1;
    }
    Ok(applied)
}

fn belongs(shown: &Plan, session: &Session, desired: &Desired) -> Result<(), ApplyError> {
    if shown.account != *session.account() || shown.account != desired.account {
        return Err(ApplyError::WrongAccount {
            planned: shown.account.clone(),
            actual: session.account().clone(),
        });
    }
    if shown.commit != desired.commit || shown.environment != desired.environment {
        return Err(ApplyError::OtherCommit {
            planned: format!("{} for {}", shown.commit.short(), shown.environment),
            wanted: format!("{} for {}", desired.commit.short(), desired.environment),
        });
    }
    Ok(())
}
