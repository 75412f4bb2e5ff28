//! Ending a run that nobody drives, without driving it: what was stopped, superseded, refused or not answered in time
//! comes to its end where no stage is left that would act on that.

use super::EngineError;
use crate::flow::{self, Event, Failure, Outcome, Phase, RunState, Stop, Withdrawal};
use crate::ids::{RunId, StageName};
use crate::spec::Pipeline;
use crate::store::{Lease, Store, StoreError};
use jiff::Timestamp;

/// Why the run is to end.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// A person stopped it.
    Stop,
    /// It is given up. Nothing happens to a run that has begun, unless it waits for people.
    Withdraw(Withdrawal),
    /// It cannot be run, however far it is: why, one clause without a full stop.
    Unfit(String),
    /// People were asked, and this is what it comes to.
    Fail(StageName, Failure),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum AtRest {
    /// It is over now, or was.
    Over(Outcome),
    /// An agent drives it.
    Driven,
    /// A stage is to act first, which takes an agent; nothing was changed.
    Acts,
}

/// Ends `run` if nobody drives it and no stage has to act on that.
///
/// # Errors
/// If the store fails or the run's events contradict each other.
pub async fn end_at_rest(
    store: &Store,
    run: &RunId,
    order: Order,
    now: Timestamp,
) -> Result<AtRest, EngineError> {
    let lease = match store.acquire(run).await {
        Ok(lease) => lease,
        Err(StoreError::LeaseHeld { .. }) => return Ok(AtRest::Driven),
        Err(error) => return Err(error.into()),
    };
    let ended = end(store, &lease, order, now).await;
    store.release(&lease).await?;
    ended
}

async fn end(
    store: &Store,
    lease: &Lease,
    order: Order,
    now: Timestamp,
) -> Result<AtRest, EngineError> {
    let record = store.run(&lease.run).await?;
    let events = store.events(&lease.run).await?;
    let mut state = RunState::of(&record.pipeline, events.iter().map(|stored| &stored.event))?;
    if let Phase::Finished(outcome) = state.phase() {
        return Ok(AtRest::Over(outcome.clone()));
    }
    let mut news = state.interrupted();
    for event in &news {
        state.apply(event)?;
    }
    let order = told_of_what_is_left(&state, &record.pipeline, order);
    let Some(ordered) = ordered(&state, order) else { return Ok(AtRest::Acts) };
    for event in ordered {
        state.apply(&event)?;
        news.push(event);
    }
    let closing = flow::close(&mut state, &record.pipeline, now)?;
    let (Some(closing), Phase::Finished(outcome)) = (closing, state.phase()) else {
        return Ok(AtRest::Acts);
    };
    news.extend(closing);
    let known = events.last().map_or(0, |stored| stored.seq);
    store.append(lease, known, &news).await?;
    Ok(AtRest::Over(outcome.clone()))
}

/// Nobody can reach the cloud for a run that cannot be driven: what its stages have at work there is named instead.
fn told_of_what_is_left(state: &RunState, pipeline: &Pipeline, order: Order) -> Order {
    let left: Vec<&str> = state.cut_short(pipeline).map(|stage| stage.name.as_str()).collect();
    match order {
        Order::Unfit(why) if !left.is_empty() => {
            let left = left.join("' and '");
            Order::Unfit(format!("{why}; what '{left}' started in the cloud may still run there"))
        }
        Order::Stop | Order::Withdraw(_) | Order::Unfit(_) | Order::Fail(..) => order,
    }
}

/// The events that an order means for a run in `state`; nothing if it means none.
fn ordered(state: &RunState, order: Order) -> Option<Vec<Event>> {
    match order {
        // Gently where there is something to tidy up: then a stage acts, and an agent has to drive the run.
        Order::Stop if state.has_begun() => {
            Some(vec![Event::CancelRequested { stop: Stop::Gentle }])
        }
        Order::Stop => Some(vec![Event::CancelRequested { stop: Stop::Forced }]),
        Order::Withdraw(why) => {
            let may = !state.has_begun() || state.requests().next().is_some();
            may.then(|| vec![Event::RunWithdrawn { why }])
        }
        Order::Unfit(why) => Some(vec![Event::RunWithdrawn { why: Withdrawal::Unfit { why } }]),
        Order::Fail(stage, failure) => {
            let attempt = state.stage(&stage)?.next_attempt();
            state.requests().find(|(asking, _)| **asking == stage)?;
            Some(vec![
                Event::StageAwoken { stage: stage.clone() },
                Event::StageStarted { stage: stage.clone(), attempt },
                Event::StageFailed { stage, attempt, failure },
            ])
        }
    }
}
