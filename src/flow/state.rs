//! What the events of a run add up to.

use super::{Event, Failure, Outcome, Request, StageState, Standing, Stop, Withdrawal};
use crate::ids::StageName;
use crate::spec::{FailureClass, Pipeline, Stage};
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
    withdrawal: Option<Withdrawal>,
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
        Self { phase: Phase::Unborn, stop: None, withdrawal: None, stages }
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
            (Phase::Open, Event::RunWithdrawn { why }) => {
                if self.stages.values().any(|stage| stage.standing == Standing::Running) {
                    return Err("a stage is running");
                }
                self.stop = Some(Stop::Forced);
                self.withdrawal.get_or_insert_with(|| why.clone());
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

    /// Was the run given up, and why?
    #[must_use]
    pub fn withdrawal(&self) -> Option<&Withdrawal> {
        self.withdrawal.as_ref()
    }

    /// What people are asked, by stage.
    pub fn requests(&self) -> impl Iterator<Item = (&StageName, &Request)> {
        self.stages.iter().filter_map(|(name, stage)| match &stage.standing {
            Standing::Parked(request) => Some((name, request)),
            Standing::Waiting
            | Standing::Running
            | Standing::Failed(_)
            | Standing::Retrying(..)
            | Standing::Succeeded(_)
            | Standing::Skipped(_) => None,
        })
    }

    /// Has any stage started by itself?
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.stages.values().any(|stage| stage.attempt.is_some())
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
            | Standing::Parked(_)
            | Standing::Failed(_)
            | Standing::Retrying(..)
            | Standing::Skipped(_) => None,
        };
        before.into_iter().filter_map(outputs).collect()
    }

    /// The stages that may have left something at work in a cloud which nobody has gone on with since: the agent died in
    /// the middle of them, or their next try was to go on with it.
    pub fn cut_short<'p>(&self, pipeline: &'p Pipeline) -> impl Iterator<Item = &'p Stage> {
        pipeline.stages.iter().filter(|stage| self.is_cut_short(stage))
    }

    /// Is the stage one of [those](Self::cut_short)?
    pub(super) fn is_cut_short(&self, stage: &Stage) -> bool {
        let is_left = |known: &StageState| match known.standing {
            Standing::Waiting => known.attempt.is_some(),
            Standing::Retrying(..) => stage.is_gone_on_with(),
            Standing::Running
            | Standing::Parked(_)
            | Standing::Succeeded(_)
            | Standing::Failed(_)
            | Standing::Skipped(_) => false,
        };
        stage.works_elsewhere() && self.stages.get(&stage.name).is_some_and(is_left)
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

impl RunState {
    /// The events to add when a run that stood still is taken up again: one for each parked stage.
    #[must_use]
    pub fn awoken(&self) -> Vec<Event> {
        self.requests().map(|(stage, _)| Event::StageAwoken { stage: stage.clone() }).collect()
    }
}
