//! Driving one run: its project as its commit and the default branch have it, then stage by stage.

use super::{Phase, Tools, project::Trouble};
use crate::{
    engine::{EngineError, Order, end_at_rest},
    exec::{Cancel, Canceller},
    flow::Stop,
    ids::RunId,
    store::{RunRecord, StoreError},
};
use anyhow::Context as _;
use std::time::Duration;

/// How long a run that could not be driven is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// Drives `run` until it ends, waits for people, or the agent must end.
pub(super) async fn driven(tools: Tools, run: RunRecord) -> RunId {
    let (canceller, cancel) = Canceller::new();
    let drained = async {
        tools.phases.reached(Phase::Draining).await;
        tools.app.clock.sleep(tools.settings.drain.within).await;
    };
    let driven = tokio::select! {
        driven = drive(tools.clone(), run.clone(), cancel) => driven,
        never = stop(tools.clone(), canceller) => match never {},
        // What is dropped here is left in the middle: the next agent goes on with it.
        () = drained => Ok(()),
    };
    if let Err(trouble) = driven {
        left(&tools, &run, trouble).await;
    }
    tools.bells.runs.notify_one();
    tools.bells.tellings.notify_one();
    run.id
}

async fn left(tools: &Tools, run: &RunRecord, trouble: Trouble) {
    let error = match trouble {
        Trouble::Unfit(why) => {
            let order = Order::Unfit(tools.masker.mask(&why).into_owned());
            let now = tools.app.clock.now();
            match end_at_rest(&tools.app.store, &run.id, order, now).await {
                Ok(_) => {
                    (tools.say)(&format!("run {} is given up: {why}", run.id.short()));
                    return;
                }
                Err(error) => error.into(),
            }
        }
        Trouble::Now(error) => error,
    };
    let held = error.downcast_ref::<EngineError>();
    if matches!(held, Some(EngineError::Store(StoreError::LeaseHeld { .. }))) {
        // Another agent was faster.
        return;
    }
    (tools.say)(&format!("run {}: {error:#}", run.id.short()));
    let end = tools.phases.reached(Phase::Draining);
    tokio::select! {
        () = tools.app.clock.sleep(LEFT_ALONE) => {}
        () = end => {}
    }
}

async fn stop(tools: Tools, canceller: Canceller) -> std::convert::Infallible {
    tools.phases.reached(Phase::Stopping).await;
    canceller.stop(Stop::Gentle);
    tools.phases.reached(Phase::Killing).await;
    canceller.stop(Stop::Forced);
    std::future::pending().await
}

async fn drive(tools: Tools, run: RunRecord, cancel: Cancel) -> Result<(), Trouble> {
    let (reader, wanted) = (tools.clone(), run.clone());
    let read = tokio::task::spawn_blocking(move || reader.project_of(&wanted));
    let promotion = tools.promotion(read.await.context("read the project")??, cancel);
    let driven = promotion.drive(&tools.app, &run).await?;
    let end = match driven.outcome {
        Some(outcome) => outcome.to_string(),
        None => "waiting for approval".to_owned(),
    };
    (tools.say)(&format!("run {} into {}: {end}", run.id.short(), run.environment));
    if let Some(note) = driven.unsent.told() {
        (tools.say)(&tools.masker.mask(&format!("run {}: {note}", run.id.short())));
    }
    Ok(())
}
