//! Doing a plan: that plan, wave after wave, and only what is left of it.

use super::perform::{Hands, PerformError};
use crate::{
    aws::Session,
    clock::Clock,
    ids::AccountId,
    plan::{Change, Desired, Observed, Part, Plan, plan, render::one_line, waves},
};
use futures_util::{StreamExt as _, future::BoxFuture, stream};

/// Changes that are under way at the same time: what a deployment brings needs no more, and each service lets an account
/// do as many in a second.
const AT_ONCE: usize = 8;

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

/// Hears what became of each change, in the plan's order within a wave.
pub trait Journal: Send {
    /// `change` is at `step`.
    fn note(&mut self, change: &Change, step: Step<'_>);
}

/// What became of a change.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// It was done before.
    DoneBefore,
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
    /// A change failed. Those that were under way with it are done or have failed as well; no other was begun.
    #[error("could not {change}")]
    Change {
        /// The change.
        change: String,
        /// Why.
        source: PerformError,
    },
}

/// Does what is left of one part of the plan, going by what was just `observed`.
///
/// Changes that do not need each other are done at the same time, see [`waves`].
///
/// # Errors
/// If the plan is another account's or commit's, the account has changed since, or a change fails.
pub async fn apply(
    deployment: Deployment<'_>,
    part: Part,
    observed: &Observed,
    journal: &mut dyn Journal,
) -> Result<Applied, ApplyError> {
    let Deployment { session, desired, plan: shown, .. } = deployment;
    belongs(shown, session, desired)?;
    let needed = plan(desired, observed);
    let left: Vec<&Change> = needed.changes_of(part).collect();
    if let Some(strange) = left.iter().find(|change| !shown.changes.contains(change)) {
        return Err(ApplyError::Stale { change: one_line(strange) });
    }
    let hands = Hands::new(deployment, observed);
    let mut applied = Applied { done: 0, done_before: 0 };
    for wave in waves(shown, part, &desired.schedule.rule.name) {
        let mut lanes: Vec<BoxFuture<'_, Vec<(&Change, Fate)>>> = Vec::with_capacity(wave.len());
        for lane in wave {
            lanes.push(Box::pin(hands.work_off(lane, &left)));
        }
        let mut lanes = stream::iter(lanes).buffered(AT_ONCE);
        let mut failed = None;
        while let Some(lane) = lanes.next().await {
            failed = failed.or(told(lane, journal, &mut applied));
        }
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(applied)
}

/// What became of a change that was to be done.
pub(super) enum Fate {
    DoneBefore,
    Done,
    Failed(PerformError),
}

/// Notes what became of a lane's changes. Answers the failure that ended it.
fn told(
    lane: Vec<(&Change, Fate)>,
    journal: &mut dyn Journal,
    applied: &mut Applied,
) -> Option<ApplyError> {
    let mut failed = None;
    for (change, fate) in lane {
        match fate {
            Fate::DoneBefore => {
                journal.note(change, Step::DoneBefore);
                applied.done_before += 1;
            }
            Fate::Done => {
                journal.note(change, Step::Done);
                applied.done += 1;
            }
            Fate::Failed(source) => {
                journal.note(change, Step::Failed(&source));
                failed = Some(ApplyError::Change { change: one_line(change), source });
            }
        }
    }
    failed
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
