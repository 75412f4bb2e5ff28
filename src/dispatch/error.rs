//! Why an order was not done.

use crate::{
    engine::EngineError,
    flow::{NotEntitled, Outcome},
    ids::{Digest, EnvName, RunId, StageName},
    queue::Hold,
    store::StoreError,
};

/// An order was not done, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Nobody is asked anything about the run now.
    #[error("run {} waits for no approval", .run.short())]
    NobodyAsked {
        /// The run.
        run: RunId,
    },
    /// The person's answer does not count.
    #[error("{person} {why}")]
    NotEntitled {
        /// Who.
        person: String,
        /// Why not.
        why: NotEntitled,
    },
    /// The person has answered before.
    #[error("{person} has answered before")]
    AnsweredBefore {
        /// Who.
        person: String,
    },
    /// The answer is about another plan than the one that is asked about.
    #[error("the plan is {} now, and that is another one", .now.short())]
    OtherPlan {
        /// The one that is.
        now: Digest,
    },
    /// As many as are needed have approved; the run goes on by itself.
    #[error("enough people have approved already")]
    Enough,
    /// The time to answer is over.
    #[error("the time to answer is over")]
    TooLate,
    /// The run has ended.
    #[error("run {} is over: {outcome}", .run.short())]
    Over {
        /// The run.
        run: RunId,
        /// How it ended.
        outcome: Outcome,
    },
    /// The run has not ended.
    #[error("run {} has not ended", .run.short())]
    Open {
        /// The run.
        run: RunId,
    },
    /// The pipeline has no such stage.
    #[error("there is no stage '{stage}'")]
    NoSuchStage {
        /// What was named.
        stage: StageName,
        /// What there is.
        known: Vec<StageName>,
    },
    /// A stage that would not run has never succeeded for the commit, and was meant to.
    #[error("'{stage}' has not succeeded yet for this commit")]
    NeverSucceeded {
        /// The first such stage.
        stage: StageName,
    },
    /// The run did not deploy anything with success.
    #[error("run {} has not deployed anything", .run.short())]
    NotDeployed {
        /// The run.
        run: RunId,
    },
    /// Somebody has locked the environment before.
    #[error("{0}")]
    LockedBefore(Box<Hold>),
    /// The lock would be over before it began.
    #[error("the lock would end before it begins")]
    NoTime,
    /// The environment is not locked.
    #[error("{0} is not locked")]
    NotLocked(EnvName),
    /// An order that must say why does not.
    #[error("no reason is given")]
    NoReason,
    /// The store failed or knows no such run.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The run's events contradict each other.
    #[error(transparent)]
    Engine(#[from] EngineError),
}
