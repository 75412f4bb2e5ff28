//! One look at the line: what can be ended without an agent is ended, and what an agent should drive now is answered.

use super::{crew::Crew, line::entry};
use crate::{
    engine::{AtRest, EngineError, Order, end_at_rest, stages},
    flow::{RunState, Withdrawal},
    ids::{Label, RunId},
    queue::{Entry, Progress, Reason, Room, Verdict, decide},
    store::{OpenRun, RunRecord, Store},
};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// How often in a row an agent may begin to drive a run and not come back, before the run is taken for the cause. Far more
/// than the crashes of any campaign that kills agents on purpose.
pub const MOST_STRIKES: u32 = 100;

/// What a look at the line came to.
#[derive(Debug, Default)]
pub struct Pass {
    /// Runs that an agent should drive now, oldest first.
    pub start: Vec<RunRecord>,
    /// Runs that wait, and why.
    pub waiting: Vec<(RunId, Reason)>,
    /// Runs that were superseded, and by which.
    pub superseded: Vec<(RunId, RunId)>,
}

/// Looks at the line once. `ours` are runs that this agent has begun to drive, whether or not the store knows by now;
/// `labels` are what it has, which counts in a fleet only.
///
/// # Errors
/// The store failed: then nothing is to be started.
pub async fn pass(
    store: &Store,
    now: Timestamp,
    room: Room,
    ours: &BTreeSet<RunId>,
    labels: &BTreeSet<Label>,
) -> Result<Pass, EngineError> {
    let mut line = Vec::new();
    for mut open in store.line().await? {
        if ours.contains(&open.run.id) {
            open.progress = Progress::Driven;
        }
        if !settled(store, &mut open, now).await? {
            line.push(open);
        }
    }
    let holds = store.holds().await?;
    let crew = Crew::of_agent(store, labels).await?;
    let entries: Vec<Entry> = line.iter().map(|open| entry(open, now, &crew)).collect();
    let mut pass = Pass::default();
    for (open, verdict) in line.into_iter().zip(decide(&entries, &holds, room)) {
        let run = open.run.id.clone();
        match verdict {
            Verdict::Driven => {}
            Verdict::Start => pass.start.push(open.run),
            Verdict::Wait(why) => pass.waiting.push((run, why)),
            Verdict::Supersede { by } => {
                let why = Withdrawal::Superseded { by: by.clone() };
                // What has begun meanwhile goes on; the next look sees it.
                if let AtRest::Over(_) = end_at_rest(store, &run, Order::Withdraw(why), now).await?
                {
                    pass.superseded.push((run, by));
                }
            }
        }
    }
    Ok(pass)
}

/// Ends a run that was stopped, not answered in time, or fatal to its agents, if that takes no agent.
async fn settled(store: &Store, open: &mut OpenRun, now: Timestamp) -> Result<bool, EngineError> {
    if open.progress == Progress::Driven {
        return Ok(false);
    }
    let order = if open.stop.is_some() {
        Some(Order::Stop)
    } else if open.progress == Progress::Overdue {
        expiry(store, open).await?
    } else if open.strikes >= MOST_STRIKES {
        return poisoned(store, open, now).await;
    } else {
        None
    };
    if let Some(order) = order
        && let AtRest::Over(_) = end_at_rest(store, &open.run.id, order, now).await?
    {
        return Ok(true);
    }
    if open.progress == Progress::Overdue || open.stop.is_some() {
        // A stage is to act on that, so an agent has to drive the run.
        open.progress = Progress::Awoken;
    }
    Ok(false)
}

async fn expiry(store: &Store, open: &OpenRun) -> Result<Option<Order>, EngineError> {
    let events = store.events(&open.run.id).await?;
    let state = RunState::of(&open.run.pipeline, events.iter().map(|stored| &stored.event))?;
    // Who answered in time is counted by an agent.
    let answered = store.answers(&open.run.id).await?;
    let asked = state.requests().next().filter(|(_, request)| {
        let have = answered.iter().filter(|answer| answer.plan == request.plan).count();
        have < request.required as usize
    });
    Ok(asked.map(|(stage, request)| Order::Fail(stage.clone(), stages::expired(request))))
}

async fn poisoned(store: &Store, open: &OpenRun, now: Timestamp) -> Result<bool, EngineError> {
    let why = format!("agents died {} times in a row while they drove it", open.strikes);
    let order = Order::Unfit(why);
    Ok(matches!(end_at_rest(store, &open.run.id, order, now).await?, AtRest::Over(_)))
}
