//! The course of a leased run: what happens is taken into account, what follows is decided and stored, and then begun.

use super::attempt::{Errand, attempt};
use super::lanes::{self, Beginning, Turn};
use super::workspace::Workspace;
use super::{Engine, EngineError, StageContext};
use crate::clock::until;
use crate::exec::Cancel;
use crate::flow::{self, Effect, Event, Outcome, Phase, RunState, Stop};
use crate::ids::{Attempt, StageName};
use crate::logs::{LogFolder, StageLog};
use crate::spec::On;
use crate::store::{Lease, RunRecord, StoreError};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use jiff::Timestamp;
use std::{future::pending, sync::Arc};

/// How often a lease is renewed while it lasts: three renewals may fail to be in time before it ends.
const RENEWALS: u32 = 4;

/// How far a run came.
pub(super) enum End {
    Over(Outcome),
    /// People are asked, until then at most.
    Parked {
        until: Timestamp,
    },
}

/// A run while it is driven.
pub(super) struct Course<'e> {
    engine: &'e Engine,
    logs: LogFolder,
    run: Arc<RunRecord>,
    lease: &'e Lease,
    cancel: Cancel,
    workspace: Arc<Workspace>,
    state: RunState,
    known: u64,
}

impl<'e> Course<'e> {
    /// A run as its events have left it.
    pub(super) async fn load(
        (engine, logs): (&'e Engine, LogFolder),
        (run, lease): (Arc<RunRecord>, &'e Lease),
        cancel: Cancel,
        workspace: Arc<Workspace>,
    ) -> Result<Self, EngineError> {
        let events = engine.store.events(&run.id).await?;
        let state = RunState::of(&run.pipeline, events.iter().map(|stored| &stored.event))?;
        let known = events.last().map_or(0, |stored| stored.seq);
        Ok(Self { engine, logs, run, lease, cancel, workspace, state, known })
    }

    /// Drives it to its end, or until people are asked.
    pub(super) async fn run(mut self) -> Result<End, EngineError> {
        if let Phase::Finished(outcome) = self.state.phase() {
            return Ok(End::Over(outcome.clone()));
        }
        let mut news = self.begin().await?;
        let mut attempts = FuturesUnordered::new();
        let renew_every = self.engine.store.lease_duration() / RENEWALS;
        let mut heartbeat = self.engine.clock.sleep(renew_every);
        loop {
            for (stage, number, errand) in self.record(news).await? {
                attempts.extend(self.attempt(&stage, (number, errand)));
            }
            if let Phase::Finished(outcome) = self.state.phase() {
                return Ok(End::Over(outcome.clone()));
            }
            if let Some(until) = self.parked_until().filter(|_| attempts.is_empty()) {
                return Ok(End::Parked { until });
            }
            news = tokio::select! {
                () = self.harder_stop() => Vec::new(),
                Some(event) = attempts.next() => vec![event],
                () = self.next_due() => Vec::new(),
                () = &mut heartbeat => {
                    renew(self.engine, self.lease).await?;
                    heartbeat = self.engine.clock.sleep(renew_every);
                    Vec::new()
                }
            };
            // A stop comes first, so that a stage that it ended counts as stopped.
            let stop = self.cancel.stop().filter(|stop| Some(*stop) > self.state.stop());
            news.splice(0..0, stop.map(|stop| Event::CancelRequested { stop }));
        }
    }

    /// Takes events into account and decides until there is nothing to decide; then stores all of it at once. Returns the
    /// attempts that now count as started.
    async fn record(
        &mut self,
        mut news: Vec<Event>,
    ) -> Result<Vec<(StageName, Attempt, Errand)>, EngineError> {
        for event in &news {
            self.state.apply(event)?;
        }
        let now = self.engine.clock.now();
        let mut starts = Vec::new();
        loop {
            let effects = self.effects();
            let before = news.len();
            for effect in effects.into_iter().filter(|effect| due(effect) <= now) {
                starts.extend(begun(&effect));
                let event = effect.event(now);
                self.state.apply(&event)?;
                news.push(event);
            }
            if news.len() == before {
                break;
            }
        }
        if !news.is_empty() {
            let stored = self.engine.store.append(self.lease, self.known, &news).await?;
            self.known += stored.len() as u64;
            for event in &stored {
                self.engine.watch.event(&self.run, event);
            }
        }
        Ok(starts)
    }

    fn effects(&self) -> Vec<Effect> {
        let when = |stage: &_| (self.engine.condition)(&self.run, stage);
        flow::next(&self.state, &self.run.pipeline, &when)
    }

    /// Waits until a scheduled retry is due; for ever if there is none.
    async fn next_due(&self) {
        match self.effects().iter().map(due).min() {
            Some(moment) => {
                let wait = until(self.engine.clock.now(), moment);
                self.engine.clock.sleep(wait).await;
            }
            None => pending().await,
        }
    }

    /// Waits until the run is to stop harder than it was told before.
    async fn harder_stop(&self) {
        match self.state.stop() {
            None => self.cancel.requested(Stop::Gentle).await,
            Some(Stop::Gentle) => self.cancel.requested(Stop::Forced).await,
            Some(Stop::Forced) => pending().await,
        }
    }

    /// The events with which the run is taken up, once it may work in its environment.
    async fn begin(&self) -> Result<Vec<Event>, EngineError> {
        let mut news = self.state.interrupted();
        let awoken = self.state.awoken();
        let beginning = if awoken.is_empty() && self.state.has_begun() {
            Beginning::Middle
        } else {
            Beginning::Fresh
        };
        news.extend(awoken);
        let whose = (&*self.run, self.lease);
        let turn = lanes::wait_for_environment(self.engine, whose, &self.cancel, beginning).await?;
        let stop = match turn {
            // What is stopped while it waits has nothing to tidy up.
            Turn::Stopped => Some(Stop::Forced),
            Turn::Come => self.cancel.stop().filter(|stop| Some(*stop) > self.state.stop()),
        };
        for event in &news {
            self.given_up(event).await;
        }
        news.splice(0..0, stop.map(|stop| Event::CancelRequested { stop }));
        Ok(news)
    }

    /// Calls off what a stage has left in a cloud in which agents have died too often to go on with it.
    async fn given_up(&self, event: &Event) {
        let Event::StageFailed { stage, attempt, .. } = event else { return };
        if let Some(called_off) = self.attempt(stage, (*attempt, Errand::CallOff)) {
            // The log has what came of it, and the stage has failed already.
            let _failed = called_off.await;
        }
    }

    /// Until when people are asked, if nothing else is left to do.
    fn parked_until(&self) -> Option<Timestamp> {
        let until = self.state.requests().map(|(_, request)| request.until).min()?;
        self.effects().is_empty().then_some(until)
    }

    fn attempt(
        &self,
        name: &StageName,
        (number, errand): (Attempt, Errand),
    ) -> Option<BoxFuture<'e, Event>> {
        let stage = self.run.pipeline.stages.iter().find(|stage| stage.name == *name)?.clone();
        let cancel = match stage.on {
            On::Success | On::Failure | On::Error => self.cancel.clone(),
            On::Abort | On::Always => self.cancel.only_forced(),
        };
        let engine = self.engine;
        let watch = Arc::clone(&engine.watch);
        let log = StageLog::open(
            &self.logs,
            (&self.run.id, name),
            engine.masker.clone(),
            Arc::clone(&engine.clock),
            Arc::new(move |line| watch.line(line)),
        );
        let (run, workspace) = (Arc::clone(&self.run), Arc::clone(&self.workspace));
        let (store, lease) = (engine.store.clone(), self.lease.clone());
        let (clock, outputs) =
            (Arc::clone(&engine.clock), self.state.outputs_before(name, &self.run.pipeline));
        let failures = self.state.stage(name).map_or(0, |known| known.failures);
        let context = log.map(|log| StageContext {
            run,
            stage,
            attempt: number,
            failures,
            outputs,
            log,
            cancel,
            clock,
            store,
            lease,
            workspace,
        });
        Some(Box::pin(attempt(engine, (name.clone(), number, errand), context)))
    }
}

/// Renews the lease. That the store is busy just now ends nothing: what is written next is checked against the lease
/// anyway, and only its loss is final.
pub(super) async fn renew(engine: &Engine, lease: &Lease) -> Result<(), StoreError> {
    match engine.store.renew(lease).await {
        Err(lost @ StoreError::LeaseLost(_)) => Err(lost),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The attempt that an effect begins, if it begins one, and what for.
fn begun(effect: &Effect) -> Option<(StageName, Attempt, Errand)> {
    match effect {
        Effect::Start { stage, attempt, .. } => Some((stage.clone(), *attempt, Errand::Work)),
        Effect::CallOff { stage, attempt } => Some((stage.clone(), *attempt, Errand::CallOff)),
        Effect::Retry { .. } | Effect::Skip { .. } | Effect::Finish(_) => None,
    }
}

/// When an effect is due; long ago if at once.
fn due(effect: &Effect) -> Timestamp {
    match effect {
        Effect::Start { not_before, .. } => not_before.unwrap_or(Timestamp::MIN),
        Effect::CallOff { .. } | Effect::Retry { .. } | Effect::Skip { .. } | Effect::Finish(_) => {
            Timestamp::MIN
        }
    }
}
