//! What is to be done next.

use super::{
    Ending, Event, Outcome, Phase, RunState, SkipReason, StageState, Standing, Stop, Withdrawal,
};
use crate::ids::{Attempt, StageName};
use crate::spec::{FailureClass, On, Pipeline, Stage};
use jiff::Timestamp;
use std::time::Duration;

/// Longest wait before another attempt, however often the wait was doubled.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60 * 60);

/// Something to be done. Each but [`Effect::Start`] and [`Effect::CallOff`] is done by storing its event.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Store `StageStarted`, then perform the attempt.
    Start {
        /// Which stage.
        stage: StageName,
        /// Which attempt.
        attempt: Attempt,
        /// Not before this moment; at once if absent.
        not_before: Option<Timestamp>,
    },
    /// Store `StageStarted`, then stop what an attempt that was cut short has left in a cloud: the run is stopped, and
    /// nobody else would.
    CallOff {
        /// Which stage.
        stage: StageName,
        /// The attempt that does so, and fails as cancelled.
        attempt: Attempt,
    },
    /// Schedule another attempt.
    Retry {
        /// Which stage.
        stage: StageName,
        /// The attempt to come.
        attempt: Attempt,
        /// How long to wait from now.
        wait: Duration,
    },
    /// Give a stage up.
    Skip {
        /// Which stage.
        stage: StageName,
        /// Why.
        reason: SkipReason,
    },
    /// End the run.
    Finish(Outcome),
}

/// What is to be done in `state`: everything the graph allows at once, nothing if the run waits for a running
/// stage or is over. `when` says whether a stage's condition holds; it must not change its mind during a run.
#[must_use]
pub fn next(state: &RunState, pipeline: &Pipeline, when: &dyn Fn(&Stage) -> bool) -> Vec<Effect> {
    match state.phase() {
        Phase::Unborn | Phase::Finished(_) => return Vec::new(),
        Phase::Open => {}
    }
    let decision = Decision { state, pipeline, when };
    let effects: Vec<Effect> =
        pipeline.stages.iter().filter_map(|stage| decision.about(stage)).collect();
    let ended = pipeline.stages.iter().all(|stage| decision.ending(stage).is_some());
    if effects.is_empty() && ended {
        return vec![Effect::Finish(decision.outcome())];
    }
    effects
}

struct Decision<'a> {
    state: &'a RunState,
    pipeline: &'a Pipeline,
    when: &'a dyn Fn(&Stage) -> bool,
}

/// What becomes of a stage whose needs have ended.
enum Call {
    Run,
    Skip(SkipReason),
}

impl Decision<'_> {
    fn about(&self, stage: &Stage) -> Option<Effect> {
        let known = self.state.stage(&stage.name)?;
        let attempt = known.next_attempt();
        let name = || stage.name.clone();
        match &known.standing {
            Standing::Running | Standing::Succeeded(_) | Standing::Skipped(_) => None,
            // People who stopped the run need not be asked any more.
            Standing::Parked(_) => self
                .is_stopped(stage)
                .then(|| Effect::Skip { stage: name(), reason: SkipReason::Cancelled }),
            Standing::Failed(failure) => {
                let again = is_retried(stage, known.failures, failure.class)
                    && (!self.is_stopped(stage) || self.is_to_be_called_off(stage));
                let wait = backoff(stage, known);
                again.then(|| Effect::Retry { stage: name(), attempt, wait })
            }
            Standing::Waiting | Standing::Retrying(..) if self.is_left_behind(stage) => {
                Some(Effect::CallOff { stage: name(), attempt })
            }
            Standing::Retrying(_, due) => {
                let start = || Effect::Start { stage: name(), attempt, not_before: Some(*due) };
                (!self.is_stopped(stage)).then(start)
            }
            Standing::Waiting => Some(match self.call(stage)? {
                Call::Run => Effect::Start { stage: name(), attempt, not_before: None },
                Call::Skip(reason) => Effect::Skip { stage: name(), reason },
            }),
        }
    }

    /// Whether a waiting stage runs; nothing if its needs have not all ended.
    fn call(&self, stage: &Stage) -> Option<Call> {
        if self.is_stopped(stage) {
            return Some(Call::Skip(SkipReason::Cancelled));
        }
        let needs = self.needs(stage)?;
        let some = |ending| needs.iter().any(|(_, found)| *found == ending);
        let called = match stage.on {
            On::Success => {
                let missing = needs.iter().find(|(_, ending)| *ending != Ending::Succeeded);
                if let Some((need, ending)) = missing {
                    let reason = SkipReason::NeedNotMet { need: (*need).clone(), ending: *ending };
                    return Some(Call::Skip(reason));
                }
                true
            }
            On::Failure => some(Ending::Failed),
            On::Error => some(Ending::Errored),
            On::Abort => some(Ending::Aborted) || self.state.stop().is_some(),
            On::Always => true,
        };
        Some(if !called {
            Call::Skip(SkipReason::NotCalledFor)
        } else if (self.when)(stage) {
            Call::Run
        } else {
            Call::Skip(SkipReason::ConditionFalse)
        })
    }

    /// How each need ended, or nothing if one has not.
    fn needs<'s>(&self, stage: &'s Stage) -> Option<Vec<(&'s StageName, Ending)>> {
        stage
            .needs
            .iter()
            .map(|need| {
                let needed = self.pipeline.stages.iter().find(|stage| stage.name == *need)?;
                Some((need, self.ending(needed)?))
            })
            .collect()
    }

    /// How a stage ended, or nothing if it has not.
    fn ending(&self, stage: &Stage) -> Option<Ending> {
        let known = self.state.stage(&stage.name)?;
        match &known.standing {
            Standing::Waiting | Standing::Running | Standing::Parked(_) => None,
            Standing::Succeeded(_) => Some(Ending::Succeeded),
            Standing::Skipped(reason) => Some(reason.ending()),
            Standing::Failed(failure) if !is_retried(stage, known.failures, failure.class) => {
                Some(failure.class.into())
            }
            Standing::Failed(_) if self.is_to_be_called_off(stage) => None,
            Standing::Retrying(..) if self.is_left_behind(stage) => None,
            // A cancel took the next attempt away.
            Standing::Failed(_) | Standing::Retrying(..) => {
                self.is_stopped(stage).then_some(Ending::Aborted)
            }
        }
    }

    /// Does a cancel keep this stage from starting? Stages for an abort run after a gentle one.
    fn is_stopped(&self, stage: &Stage) -> bool {
        match (self.state.stop(), stage.on) {
            (None, _) | (Some(Stop::Gentle), On::Abort | On::Always) => false,
            (Some(Stop::Gentle), On::Success | On::Failure | On::Error)
            | (Some(Stop::Forced), _) => true,
        }
    }

    /// Was an attempt cut short whose work goes on in a cloud, where the run is stopped meanwhile? What is withdrawn has
    /// nobody who could reach the cloud.
    fn is_left_behind(&self, stage: &Stage) -> bool {
        self.state.withdrawal().is_none()
            && self.is_stopped(stage)
            && self.state.is_cut_short(stage)
    }

    /// Did a stop come in the same moment as a failure whose next try was to go on with what is in the cloud? That try is
    /// scheduled all the same, and calls it off.
    fn is_to_be_called_off(&self, stage: &Stage) -> bool {
        self.state.withdrawal().is_none() && self.is_stopped(stage) && stage.is_gone_on_with()
    }

    fn outcome(&self) -> Outcome {
        match self.state.withdrawal() {
            Some(Withdrawal::Superseded { by }) => return Outcome::Superseded { by: by.clone() },
            Some(Withdrawal::Unfit { why }) => return Outcome::Unfit { why: why.clone() },
            None => {}
        }
        let aborted =
            self.pipeline.stages.iter().any(|stage| self.ending(stage) == Some(Ending::Aborted));
        if aborted {
            return Outcome::Cancelled;
        }
        let failed = self.pipeline.stages.iter().find_map(|stage| {
            match &self.state.stage(&stage.name)?.standing {
                Standing::Failed(failure) | Standing::Retrying(failure, _) => {
                    Some((stage, failure.class))
                }
                Standing::Waiting
                | Standing::Running
                | Standing::Parked(_)
                | Standing::Succeeded(_)
                | Standing::Skipped(_) => None,
            }
        });
        let Some((stage, class)) = failed else { return Outcome::Succeeded };
        match class {
            FailureClass::GateRefused => Outcome::GateRefused,
            FailureClass::Rejected => Outcome::Rejected,
            FailureClass::Expired => Outcome::Expired,
            FailureClass::UserError
            | FailureClass::CloudError
            | FailureClass::AgentError
            | FailureClass::Cancelled
            | FailureClass::TimedOut => Outcome::Failed { stage: stage.name.clone(), class },
        }
    }
}

/// Does `retry` ask for another attempt after so many failures, the last of this class?
#[must_use]
pub fn is_retried(stage: &Stage, failures: u32, class: FailureClass) -> bool {
    let is_said =
        matches!(class, FailureClass::Cancelled | FailureClass::Rejected | FailureClass::Expired);
    !is_said && failures < stage.retry.attempts && stage.retry.classes.contains(&class)
}

/// The wait after the failures so far: doubled each time, with an upper bound.
fn backoff(stage: &Stage, known: &StageState) -> Duration {
    let doublings = known.failures.saturating_sub(1).min(31);
    stage.retry.backoff.saturating_mul(1 << doublings).min(LONGEST_BACKOFF)
}

impl Effect {
    /// The event whose storing does this effect, or precedes performing it.
    #[must_use]
    pub fn event(self, now: Timestamp) -> Event {
        match self {
            Self::Start { stage, attempt, .. } | Self::CallOff { stage, attempt } => {
                Event::StageStarted { stage, attempt }
            }
            Self::Retry { stage, attempt, wait } => {
                let due = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
                Event::RetryScheduled { stage, attempt, due }
            }
            Self::Skip { stage, reason } => Event::StageSkipped { stage, reason },
            Self::Finish(outcome) => Event::RunFinished { outcome },
        }
    }
}
