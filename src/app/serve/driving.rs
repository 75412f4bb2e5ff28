//! Driving one run: its project as its commit and the default branch have it, then stage by stage. One that can never be
//! driven ends with the reason; where the cause may pass the run waits, says for what, and is tried again.

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

/// How long a run that could not be driven is left alone where that could not be noted.
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

/// Ends a run that can never be driven; notes what was wrong with another, which puts off the next try.
async fn left(tools: &Tools, run: &RunRecord, trouble: Trouble) {
    let said = |what: &str| {
        (tools.say)(&tools.masker.mask(&format!("run {}: {what}", run.id.short())));
    };
    let left = match trouble {
        Trouble::Unfit(why) => give_up(tools, run, &why).await,
        Trouble::Now(error) => match of_lease(&error) {
            // Another agent was faster.
            Some(StoreError::LeaseHeld { .. }) => return,
            // Another one has the run from now on, or may; what stages said here meanwhile may be news.
            Some(StoreError::LeaseLost(_) | StoreError::LeaseUncertain { .. }) => {
                tools.bells.leftovers.notify_one();
                return said(&format!("{error:#}"));
            }
            Some(_) | None => put_off(tools, run, &format!("{error:#}")).await,
        },
    };
    let Err(error) = left else { return };
    // The store, which knows when to try again, has failed: this task remembers for it.
    said(&format!("{error:#}"));
    let end = tools.phases.reached(Phase::Draining);
    tokio::select! {
        () = tools.app.clock.sleep(LEFT_ALONE) => {}
        () = end => {}
    }
}

async fn give_up(tools: &Tools, run: &RunRecord, why: &str) -> anyhow::Result<()> {
    let why = tools.masker.mask(why).into_owned();
    let (order, now) = (Order::Unfit(why.clone()), tools.app.clock.now());
    end_at_rest(&tools.app.store, &run.id, order, now).await.context("give the run up")?;
    (tools.say)(&format!("run {} is given up: {why}", run.id.short()));
    Ok(())
}

/// What is noted here is told with the other runs that wait.
async fn put_off(tools: &Tools, run: &RunRecord, why: &str) -> anyhow::Result<()> {
    let store = &tools.app.store;
    let noted = async {
        let lease = match store.acquire(&run.id).await {
            Err(StoreError::LeaseHeld { .. }) => return Ok(()),
            lease => lease?,
        };
        let noted = store.set_back(&lease, &tools.masker.mask(why)).await;
        store.release(&lease).await?;
        noted.map(drop)
    };
    noted.await.with_context(|| why.to_owned())
}

/// What the store said about the run, if that is why it was not driven on.
fn of_lease(error: &anyhow::Error) -> Option<&StoreError> {
    match error.downcast_ref::<EngineError>() {
        Some(EngineError::Store(error)) => Some(error),
        Some(EngineError::Illegal(_) | EngineError::Folder(_)) | None => None,
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
    let read = tokio::task::spawn_blocking(move || reader.fetched_project_of(&wanted));
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
