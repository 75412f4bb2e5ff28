//! Waiting for a lane: the run for its environment, and a stage for what it shares with other runs.
//!
//! A run has its environment until it ends or waits for people; a stage has its lane while it acts, and waits for no
//! other meanwhile. A run waits for an environment only before it begins, and its stages for those before it in the
//! promotion order, so that no two ever wait for each other.

use super::{Engine, StageContext};
use crate::exec::Cancel;
use crate::flow::{Failure, Stop};
use crate::ids::RunId;
use crate::logs::Level;
use crate::queue::{Lane, Opening, Reason};
use crate::spec::{BuiltIn, EnvironmentRule, FailureClass};
use crate::store::{Claim, Claimant, Lease, Place, RunRecord, StoreError};
use jiff::Timestamp;
use std::time::Duration;
use tokio::runtime::Handle;

/// How often a waiting run looks whether it may go on.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Whether a run may go on to work in its environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The environment is its own.
    Come,
    /// It was stopped while it waited.
    Stopped,
}

/// Does a deploy window keep a run from beginning? One in the middle of a deployment goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// It begins to work, or people have just let it go on.
    Fresh,
    /// An agent left it in the middle.
    Middle,
}

/// Waits until the run may work in its environment: no other works there, no person has locked it, its window is open.
pub(super) async fn wait_for_environment(
    engine: &Engine,
    (run, lease): (&RunRecord, &Lease),
    cancel: &Cancel,
    beginning: Beginning,
) -> Result<Turn, StoreError> {
    let lane = Lane::deploying(&run.pipeline.name, &run.environment);
    let claim = Claim { lane: &lane, claimant: Claimant::Run, environment: Some(&run.environment) };
    let mut told = None;
    loop {
        let opening = match beginning {
            Beginning::Fresh => opening(run, engine.clock.now()),
            Beginning::Middle => Opening::Open,
        };
        let reason = match opening {
            Opening::Closed { opens } => Reason::Window { opens },
            Opening::Open => match engine.store.queue_for(lease, claim).await? {
                Place::Held => return Ok(Turn::Come),
                Place::Behind(run) => Reason::Run { run },
                Place::Locked(lock) => Reason::Lock { lock: *lock },
            },
        };
        if told.as_ref() != Some(&reason) {
            engine.watch.waiting(run, &reason);
            told = Some(reason);
        }
        tokio::select! {
            () = engine.clock.sleep(LOOK_EVERY) => {}
            () = cancel.requested(Stop::Gentle) => return Ok(Turn::Stopped),
        }
        super::course::renew(engine, lease).await?;
    }
}

/// One look at the lane, to its end whether or not the attempt is polled meanwhile: a transaction left open would keep
/// out what the run itself writes, for which its attempts have to wait.
async fn look(context: &StageContext, lane: &Lane) -> Result<Place, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        super::context::agent_error("queue for the stage's turn", error)
    };
    let run = &context.run.environment;
    let environment = context.stage.environment.clone().filter(|other| other != run);
    let (store, lease) = (context.store.clone(), context.lease.clone());
    let (lane, stage) = (lane.clone(), context.stage.name.clone());
    let (here, ask) = (Handle::current(), async move {
        let claimant = Claimant::Stage(&stage);
        let claim = Claim { lane: &lane, claimant, environment: environment.as_ref() };
        store.queue_for(&lease, claim).await
    });
    match tokio::task::spawn_blocking(move || here.block_on(ask)).await {
        Ok(place) => place.map_err(|error| cannot(&error)),
        Err(lost) => Err(cannot(&lost)),
    }
}

/// Does the deploy window of the run's environment stand open?
#[must_use]
pub fn opening(run: &RunRecord, now: Timestamp) -> Opening {
    let rule: Option<&EnvironmentRule> = run.pipeline.rule(&run.environment);
    match rule.and_then(|rule| rule.windows.as_ref()) {
        Some(windows) if !windows.is_open(now) => {
            Opening::Closed { opens: windows.next_opening(now) }
        }
        Some(_) | None => Opening::Open,
    }
}

/// The lane that a built-in stage needs beside its run's own: what it changes that runs of other environments change too.
fn shared_lane(context: &StageContext, built_in: &BuiltIn) -> Option<Lane> {
    let run = &context.run;
    let environment = context.stage.environment.as_ref().unwrap_or(&run.environment);
    match built_in {
        BuiltIn::TrainTest(_) => Some(Lane::training(&run.pipeline.name, environment)),
        BuiltIn::DeployPipelines | BuiltIn::ScheduleRules if *environment != run.environment => {
            Some(Lane::deploying(&run.pipeline.name, environment))
        }
        BuiltIn::DeployPipelines
        | BuiltIn::ScheduleRules
        | BuiltIn::Validate
        | BuiltIn::Gate(_)
        | BuiltIn::AssumeRole
        | BuiltIn::Plan
        | BuiltIn::Approve => None,
    }
}

/// A lane that a stage has to itself.
pub(super) struct Shared {
    lane: Lane,
}

impl Shared {
    /// Waits for the lane that the stage needs, if it needs one.
    pub(super) async fn wait(
        engine: &Engine,
        context: &StageContext,
        built_in: &BuiltIn,
    ) -> Result<Option<Self>, Failure> {
        let Some(lane) = shared_lane(context, built_in) else { return Ok(None) };
        let mut told: Option<RunId> = None;
        loop {
            match look(context, &lane).await? {
                Place::Held => return Ok(Some(Self { lane })),
                Place::Behind(run) if told.as_ref() != Some(&run) => {
                    context.say(Level::Info, &format!("waiting for run {}", run.short()))?;
                    told = Some(run);
                }
                Place::Behind(_) => {}
                Place::Locked(lock) => {
                    let failure = Failure::new(FailureClass::UserError, lock.to_string());
                    return Err(failure.with_hint("agent unlock ENVIRONMENT; then run again"));
                }
            }
            tokio::select! {
                () = engine.clock.sleep(LOOK_EVERY) => {}
                () = context.cancel.requested(Stop::Gentle) => {
                    return Err(Failure::new(FailureClass::Cancelled, "stopped while it waited"));
                }
            }
        }
    }

    /// Leaves the lane to the next. Should that fail, the run's end leaves it.
    pub(super) async fn leave(&self, engine: &Engine, context: &StageContext) {
        let claimant = Claimant::Stage(&context.stage.name);
        let _later = engine.store.leave(&context.lease, &self.lane, claimant).await;
    }
}
