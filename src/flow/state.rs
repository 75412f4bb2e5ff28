//! What the events of a run add up to.

use super::{Ending, Event, Failure, Outcome, SkipReason, Stop};
use crate::ids::{Attempt, StageName};
use crate::spec::{FailureClass, Pipeline};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A stage the agent died in this many times is taken for the cause, and fails. Far more than the crashes
/// of any campaign that kills the agent on purpose.
pub const MOST_INTERRUPTIONS: u32 = 100;

/// A run's state: the fold of its events.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    phase: Phase,
    stop: Option<Stop>,
    stages: BTreeMap<StageName, StageState>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// There is no event yet.
    Unborn,
    /// Created, not finished.
    Open,
    /// Over.
    Finished(Outcome),
}

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
    /// The last attempt failed. Whether that is final is for `retry` to say.
    Failed(Failure),
    /// The last attempt failed and another is to start when it is due.
    Retrying(Failure, Timestamp),
    /// Done, with what it left for later stages.
    Succeeded(Value),
    /// Never to run.
    Skipped(SkipReason),
}

/// An event that cannot have happened to a run in this state: the log is damaged or its writer has a bug.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("illegal event {event:?}: {reason}")]
pub struct IllegalEvent {
    /// The refused event.
    pub event: Box<Event>,
    /// What it contradicts.
    pub reason: &'static str,
}

impl RunState {
    /// A run of `pipeline` before its first event.
    #[must_use]
    pub fn new(pipeline: &Pipeline) -> Self {
        let waiting = StageState {
            attempt: None,
            failures: 0,
            interruptions: 0,
            standing: Standing::Waiting,
        };
        let stages =
            pipeline.stages.iter().map(|stage| (stage.name.clone(), waiting.clone())).collect();
        Self { phase: Phase::Unborn, stop: None, stages }
    }

    /// The state that `events` add up to.
    ///
    /// # Errors
    /// The first event that cannot have happened.
    pub fn of<'a>(
        pipeline: &Pipeline,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Self, IllegalEvent> {
        let mut state = Self::new(pipeline);
        for event in events {
            state.apply(event)?;
        }
        Ok(state)
    }

    /// Takes one more event into account. A refused event changes nothing.
    ///
    /// # Errors
    /// If the event cannot have happened.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        self.change(event).map_err(|reason| IllegalEvent { event: Box::new(event.clone()), reason })
    }

    fn change(&mut self, event: &Event) -> Result<(), &'static str> {
        match (&self.phase, event) {
            (Phase::Unborn, Event::RunCreated) => self.phase = Phase::Open,
            (Phase::Unborn, _) => return Err("the run does not exist yet"),
            (Phase::Finished(_), _) => return Err("the run is over"),
            (Phase::Open, Event::RunCreated) => return Err("the run exists already"),
            (Phase::Open, Event::CancelRequested { stop }) => {
                self.stop = self.stop.max(Some(*stop));
            }
            (Phase::Open, Event::RunFinished { outcome }) => {
                if self.stages.values().any(|stage| !stage.standing.may_be_final()) {
                    return Err("a stage has not ended");
                }
                self.phase = Phase::Finished(outcome.clone());
            }
            (Phase::Open, event) => {
                let stage = event.stage().and_then(|name| self.stages.get_mut(name));
                stage.ok_or("the pipeline has no such stage")?.change(event)?;
            }
        }
        Ok(())
    }

    /// How far the run is.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Has a person stopped the run, and how?
    #[must_use]
    pub fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// What is known of a stage.
    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&StageState> {
        self.stages.get(name)
    }

    /// Every stage by name.
    #[must_use]
    pub fn stages(&self) -> &BTreeMap<StageName, StageState> {
        &self.stages
    }

    /// What the stages before this one have left: those it needs, and those they need. Whatever else has ended by
    /// chance is not among it.
    #[must_use]
    pub fn outputs_before(
        &self,
        stage: &StageName,
        pipeline: &Pipeline,
    ) -> BTreeMap<StageName, Value> {
        let mut before = BTreeSet::new();
        let mut open = vec![stage];
        while let Some(name) = open.pop() {
            let found = pipeline.stages.iter().find(|stage| stage.name == *name);
            let needs = found.iter().flat_map(|stage| &stage.needs);
            open.extend(needs.filter(|need| before.insert(*need)));
        }
        let outputs = |name: &StageName| match &self.stages.get(name)?.standing {
            Standing::Succeeded(outputs) => Some((name.clone(), outputs.clone())),
            Standing::Waiting
            | Standing::Running
            | Standing::Failed(_)
            | Standing::Retrying(..)
            | Standing::Skipped(_) => None,
        };
        before.into_iter().filter_map(outputs).collect()
    }

    /// The events to add when the agent that drove this run has died: one for each attempt under way.
    #[must_use]
    pub fn interrupted(&self) -> Vec<Event> {
        self.stages
            .iter()
            .filter(|(_, stage)| stage.standing == Standing::Running)
            .filter_map(|(name, stage)| {
                let (stage, attempt, deaths) =
                    (name.clone(), stage.attempt?, stage.interruptions + 1);
                if deaths < MOST_INTERRUPTIONS {
                    return Some(Event::StageInterrupted { stage, attempt });
                }
                let message = format!("the agent died {deaths} times while this stage was running");
                let failure = Failure::new(FailureClass::AgentError, message);
                Some(Event::StageFailed { stage, attempt, failure })
            })
            .collect()
    }
}

impl StageState {
    /// The attempt that would come next.
    #[must_use]
    pub fn next_attempt(&self) -> Attempt {
        self.attempt.map_or(Attempt::FIRST, Attempt::next)
    }

    fn change(&mut self, event: &Event) -> Result<(), &'static str> {
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
            Event::RetryScheduled { attempt, due, .. } => {
                let Standing::Failed(failure) = &self.standing else {
                    return Err("the stage has not failed");
                };
                self.expect_next(*attempt)?;
                self.standing = Standing::Retrying(failure.clone(), *due);
            }
            Event::StageSkipped { reason, .. } => {
                if self.standing != Standing::Waiting {
                    return Err("the stage is running or has ended");
                }
                self.standing = Standing::Skipped(reason.clone());
            }
            Event::RunCreated | Event::CancelRequested { .. } | Event::RunFinished { .. } => {
                return Err("the event is not about a stage");
            }
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
    fn may_be_final(&self) -> bool {
        match self {
            // A retry that a cancel has overtaken stays scheduled for ever.
            Self::Failed(_) | Self::Retrying(..) | Self::Succeeded(_) | Self::Skipped(_) => true,
            Self::Waiting | Self::Running => false,
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
