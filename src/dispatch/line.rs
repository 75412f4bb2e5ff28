//! The line as people see it: each open run, where it stands, and why it waits.

use super::{Desk, DeskError, crew::Crew};
use crate::{
    engine::opening,
    flow::{Request, RunState},
    ids::RunId,
    queue::{Entry, Lane, Progress, Reason, Room, Verdict, decide},
    store::{OpenRun, RunRecord},
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// An open run and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// The run.
    pub run: RunRecord,
    /// Where it stands.
    pub standing: Standing,
    /// What people are asked about it.
    pub request: Option<Request>,
}

/// Where an open run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(tag = "standing", rename_all = "lowercase")]
pub enum Standing {
    /// An agent drives it.
    Running,
    /// The next agent that looks drives it.
    Next,
    /// A younger run is about to take its place.
    Superseded {
        /// Which.
        by: RunId,
    },
    /// It waits.
    Waiting {
        /// For what.
        why: Reason,
    },
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Running => f.pad("running"),
            Self::Next => f.pad("next"),
            Self::Superseded { by } => write!(f, "superseded by {}", by.short()),
            Self::Waiting { why: Reason::Approval } => f.pad("waiting for approval"),
            Self::Waiting { why } => write!(f, "waiting: {why}"),
        }
    }
}

impl Desk {
    /// Every open run in the order they came, and why those that wait do. What the machines of the agents lack is what
    /// these have said last.
    ///
    /// # Errors
    /// The store failed.
    pub async fn queue(&self) -> Result<Vec<Stand>, DeskError> {
        let line = self.store.line().await?;
        let holds = self.store.holds().await?;
        let now = self.clock.now();
        let crew = Crew::of_all(&self.store).await?;
        let entries: Vec<Entry> = line.iter().map(|open| entry(open, now, &crew)).collect();
        let room = Room { slots: usize::MAX, shortage: None };
        let mut stands = Vec::with_capacity(line.len());
        for (open, verdict) in line.into_iter().zip(decide(&entries, &holds, room)) {
            let request = self.request(&open).await?;
            let standing = match verdict {
                Verdict::Driven => Standing::Running,
                Verdict::Start => next(&open.run, &crew),
                Verdict::Supersede { by } => Standing::Superseded { by },
                Verdict::Wait(why) => Standing::Waiting { why },
            };
            stands.push(Stand { run: open.run, standing, request });
        }
        Ok(stands)
    }

    /// Where those of `runs` stand that are open.
    ///
    /// # Errors
    /// The store failed.
    pub async fn standings(
        &self,
        runs: &[RunRecord],
    ) -> Result<BTreeMap<RunId, Standing>, DeskError> {
        if runs.iter().all(|run| run.outcome.is_some()) {
            return Ok(BTreeMap::new());
        }
        let line = self.queue().await?.into_iter();
        Ok(line.map(|stand| (stand.run.id, stand.standing)).collect())
    }

    async fn request(&self, open: &OpenRun) -> Result<Option<Request>, DeskError> {
        match open.progress {
            Progress::Driven | Progress::Fresh | Progress::Begun => Ok(None),
            Progress::Parked | Progress::Awoken | Progress::Overdue => {
                let events = self.store.events(&open.run.id).await?;
                let events = events.iter().map(|stored| &stored.event);
                let state = RunState::of(&open.run.pipeline, events)
                    .map_err(crate::engine::EngineError::from)?;
                Ok(state.requests().next().map(|(_, request)| request.clone()))
            }
        }
    }
}

/// Where a run stands that would be the next: it waits if the agents for it all say why they take none.
fn next(run: &RunRecord, crew: &Crew) -> Standing {
    let obstacle = crew.obstacle(run.pipeline.runs_on(&run.environment)).cloned();
    obstacle.map_or(Standing::Next, |why| Standing::Waiting { why })
}

/// What the queue's decision needs to know of a run.
pub(super) fn entry(open: &OpenRun, now: Timestamp, crew: &Crew) -> Entry {
    let OpenRun { run, progress, .. } = open;
    let rule = run.pipeline.rule(&run.environment);
    let labels = run.pipeline.runs_on(&run.environment);
    Entry {
        run: run.id.clone(),
        lane: Lane::deploying(&run.pipeline.name, &run.environment),
        environment: run.environment.clone(),
        repository: run.repository.clone(),
        reference: run.reference.clone(),
        progress: *progress,
        supersede: rule.map(|rule| rule.supersede).unwrap_or_default(),
        opening: opening(run, now),
        setback: open.setback.clone().filter(|setback| setback.due > now),
        labels: labels.clone(),
        takers: crew.takers(labels),
        turn: crew.turn(&run.id),
    }
}
