//! One stage of a run: where it stands, and which events may move it.

use super::{Ending, Event, Failure, Request, SkipReason};
use crate::ids::Attempt;
use jiff::Timestamp;
use serde_json::Value;

/// What is known of one stage.
#[derive(Debug, Clone, PartialEq)]
pub struct StageState {
    /// The last attempt that started; absent before the first.
    pub attempt: Option<Attempt>,
    /// Attempts that failed, which count against `retry`.
    pub failures: u32,
    /// Attempts the agent died in, which do not.
    pub interruptions: u32,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a stage stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It has not started, or was interrupted and is to start again.
    Waiting,
    /// An attempt is under way.
    Running,
    /// The last attempt waits for people.
    Parked(Request),
    /// The last attempt failed. Whether that is final is for `retry` to say.
    Failed(Failure),
    /// The last attempt failed and another is to start when it is due.
    Retrying(Failure, Timestamp),
    /// Done, with what it left for later stages.
    Succeeded(Value),
    /// Never to run.
    Skipped(SkipReason),
}

impl StageState {
    /// The attempt that would come next.
    #[must_use]
    pub fn next_attempt(&self) -> Attempt {
        self.attempt.map_or(Attempt::FIRST, Attempt::next)
    }

    pub(super) fn change(&mut self, event: &Event) -> Result<(), &'static str> {
        match event {
            Event::StageReused { outputs, .. } => {
                if self.attempt.is_some() || self.standing != Standing::Waiting {
                    return Err("the stage has begun by itself");
                }
                self.standing = Standing::Succeeded(outputs.clone());
            }
            Event::StageStarted { attempt, .. } => {
                if !matches!(self.standing, Standing::Waiting | Standing::Retrying(..)) {
                    return Err("the stage is running or has ended");
                }
                self.expect_next(*attempt)?;
                self.attempt = Some(*attempt);
                self.standing = Standing::Running;
            }
            Event::StageSucceeded { attempt, outputs, .. } => {
                self.expect_running(*attempt)?;
                self.standing = Standing::Succeeded(outputs.clone());
            }
            Event::StageFailed { attempt, failure, .. } => {
                self.expect_running(*attempt)?;
                self.failures += 1;
                self.standing = Standing::Failed(failure.clone());
            }
            Event::StageInterrupted { attempt, .. } => {
                self.expect_running(*attempt)?;
                self.interruptions += 1;
                self.standing = Standing::Waiting;
            }
            Event::StageParked { attempt, request, .. } => {
                self.expect_running(*attempt)?;
                self.standing = Standing::Parked(request.clone());
            }
            Event::StageAwoken { .. } => {
                if !matches!(self.standing, Standing::Parked(_)) {
                    return Err("the stage is not parked");
                }
                self.standing = Standing::Waiting;
            }
            Event::RetryScheduled { attempt, due, .. } => {
                let Standing::Failed(failure) = &self.standing else {
                    return Err("the stage has not failed");
                };
                self.expect_next(*attempt)?;
                self.standing = Standing::Retrying(failure.clone(), *due);
            }
            Event::StageSkipped { reason, .. } => {
                if !matches!(self.standing, Standing::Waiting | Standing::Parked(_)) {
                    return Err("the stage is running or has ended");
                }
                self.standing = Standing::Skipped(reason.clone());
            }
            Event::RunCreated
            | Event::CancelRequested { .. }
            | Event::RunWithdrawn { .. }
            | Event::RunFinished { .. } => return Err("the event is not about a stage"),
        }
        Ok(())
    }

    fn expect_running(&self, attempt: Attempt) -> Result<(), &'static str> {
        if self.standing == Standing::Running && self.attempt == Some(attempt) {
            Ok(())
        } else {
            Err("this attempt is not running")
        }
    }

    fn expect_next(&self, attempt: Attempt) -> Result<(), &'static str> {
        if attempt == self.next_attempt() { Ok(()) } else { Err("attempts count up by one") }
    }
}

impl Standing {
    pub(super) fn may_be_final(&self) -> bool {
        match self {
            // A retry that a cancel has overtaken stays scheduled for ever.
            Self::Failed(_) | Self::Retrying(..) | Self::Succeeded(_) | Self::Skipped(_) => true,
            Self::Waiting | Self::Running | Self::Parked(_) => false,
        }
    }
}

impl SkipReason {
    /// What stages behind the skipped one take it for: a failure is handed on, so that a stage for failures
    /// may need the last of a chain and still hear of the first.
    #[must_use]
    pub fn ending(&self) -> Ending {
        match self {
            Self::ConditionFalse | Self::NotCalledFor => Ending::Skipped,
            Self::NeedNotMet { ending, .. } => *ending,
            Self::Cancelled => Ending::Aborted,
        }
    }
}
