//! Which of the waiting runs may start, and why the others wait: order of arrival, superseding, holds, deploy windows,
//! the labels of agents, room on the machine. Decided from facts alone.
//!
//! In a [`Lane`] one run works at a time, and none starts before an older one that could: [`decide`] goes through the
//! open runs in the order they came and answers each with a [`Verdict`]. A run that waits for people works nowhere, so
//! younger ones pass it; it takes its place by age again when it is awoken.

mod reason;
mod setback;
#[cfg(test)]
mod tests;

pub use reason::{Reason, Shortage};
pub use setback::Setback;

use crate::{
    ids::{EnvName, Label, RunId},
    spec::Supersede,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Where runs must not work at once: an environment of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lane(String);

impl Lane {
    /// The lane in which runs of a pipeline deploy to an environment. Pipelines of different names have nothing in
    /// common there.
    #[must_use]
    pub fn deploying(pipeline: &str, environment: &EnvName) -> Self {
        Self(format!("{pipeline}/{environment}"))
    }

    /// The lane in which a pipeline's train pipeline of an environment is changed and started, by whichever run.
    #[must_use]
    pub fn training(pipeline: &str, environment: &EnvName) -> Self {
        Self(format!("{pipeline}/{environment}/training"))
    }

    /// The name as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An environment that a person has locked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub environment: EnvName,
    /// Why, in the person's words.
    pub reason: String,
    /// Who, such as `ada (cli)`.
    pub who: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; until it is unlocked if absent.
    pub until: Option<Timestamp>,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { environment, reason, who, until, .. } = self;
        write!(f, "{environment} is locked by {who}")?;
        if let Some(until) = until {
            write!(f, " until {}", until.strftime("%F %T UTC"))?;
        }
        write!(f, ": {reason}")
    }
}

/// How far an open run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// A living agent drives it.
    Driven,
    /// No stage of it has started.
    Fresh,
    /// An agent left it in the middle.
    Begun,
    /// It waits for people.
    Parked,
    /// Something was said to it since it was parked.
    Awoken,
    /// Those who were asked have not answered in time.
    Overdue,
}

/// Does the environment's deploy window stand open?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It does.
    Open,
    /// It does not.
    Closed {
        /// When it opens next, if it ever does.
        opens: Option<Timestamp>,
    },
}

/// An open run, as far as the decision depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub run: RunId,
    /// Where it works.
    pub lane: Lane,
    /// The environment, which people lock.
    pub environment: EnvName,
    /// Its repository, and
    pub repository: String,
    /// its branch: only runs of one branch of one repository supersede each other.
    pub reference: String,
    /// How far it is.
    pub progress: Progress,
    /// What its arrival means for older ones.
    pub supersede: Supersede,
    /// Whether it may begin to deploy now.
    pub opening: Opening,
    /// What was wrong when it was to be driven last, if that is not to be tried again yet.
    pub setback: Option<Setback>,
    /// What an agent must be or have to take it.
    pub labels: BTreeSet<Label>,
    /// Who has that.
    pub takers: Takers,
    /// Its turn where there are fewer slots than runs that could start: the lowest first, equal ones by age.
    pub turn: usize,
}

/// Which agents have the labels of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takers {
    /// Whoever decides may take it.
    Us,
    /// Only others may.
    Others,
    /// No agent may.
    Nobody,
}

/// What this machine can take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Runs that may start beside those that run.
    pub slots: usize,
    /// What it lacks.
    pub shortage: Option<Shortage>,
}

/// What becomes of an open run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// An agent drives it already.
    Driven,
    /// It starts.
    Start,
    /// A younger run takes its place.
    Supersede {
        /// Which.
        by: RunId,
    },
    /// It waits.
    Wait(Reason),
}

/// What becomes of each of `line`, the open runs in the order they came.
#[must_use]
pub fn decide(line: &[Entry], holds: &[Hold], room: Room) -> Vec<Verdict> {
    let mut ahead: BTreeMap<&Lane, &RunId> = BTreeMap::new();
    for entry in line.iter().filter(|entry| entry.progress == Progress::Driven) {
        ahead.entry(&entry.lane).or_insert(&entry.run);
    }
    let mut verdicts = Vec::with_capacity(line.len());
    for (place, entry) in line.iter().enumerate() {
        let candidate = match entry.progress {
            Progress::Driven => {
                verdicts.push(Verdict::Driven);
                continue;
            }
            Progress::Fresh | Progress::Parked => {
                if let Some(by) = superseding(entry, &line[place + 1..]) {
                    verdicts.push(Verdict::Supersede { by: by.clone() });
                    continue;
                }
                entry.progress == Progress::Fresh
            }
            Progress::Begun | Progress::Awoken => true,
            Progress::Overdue => false,
        };
        if !candidate {
            verdicts.push(Verdict::Wait(Reason::Approval));
            continue;
        }
        let waits = match ahead.get(&entry.lane) {
            Some(run) => Some(Reason::Run { run: (*run).clone() }),
            None => obstacle(entry, holds, room),
        };
        // Whether it starts or waits, nobody younger passes it.
        ahead.entry(&entry.lane).or_insert(&entry.run);
        verdicts.push(match waits {
            Some(reason) => Verdict::Wait(reason),
            None => Verdict::Start,
        });
    }
    keep_within(room.slots, line, &mut verdicts);
    verdicts
}

/// Leaves a start to as many as there are slots, in turn; the others wait for one.
fn keep_within(slots: usize, line: &[Entry], verdicts: &mut [Verdict]) {
    let starts = |place: &usize| verdicts.get(*place) == Some(&Verdict::Start);
    let mut starts: Vec<usize> = (0..line.len()).filter(starts).collect();
    // Stable: what is equal stays in the order of age.
    starts.sort_by_key(|place| line[*place].turn);
    for place in starts.into_iter().skip(slots) {
        verdicts[place] = Verdict::Wait(Reason::Slot);
    }
}

/// The youngest run that takes the place of `entry`, of those that came after it.
fn superseding<'e>(entry: &Entry, younger: &'e [Entry]) -> Option<&'e RunId> {
    let is_successor = |other: &&Entry| {
        other.lane == entry.lane
            && other.repository == entry.repository
            && other.reference == entry.reference
            && other.supersede == Supersede::Newest
    };
    younger.iter().rev().find(is_successor).map(|other| &other.run)
}

/// What keeps the first of its lane from starting, whatever the slots.
fn obstacle(entry: &Entry, holds: &[Hold], room: Room) -> Option<Reason> {
    if entry.takers == Takers::Nobody {
        return Some(Reason::Labels { labels: entry.labels.clone() });
    }
    if let Some(hold) = holds.iter().find(|hold| hold.environment == entry.environment) {
        return Some(Reason::Lock { lock: hold.clone() });
    }
    // What was in the middle of a deployment goes on: half of one is worse than one at a bad hour.
    if let (Opening::Closed { opens }, false) = (entry.opening, entry.progress == Progress::Begun) {
        return Some(Reason::Window { opens });
    }
    if let Some(Setback { why, due, .. }) = &entry.setback {
        return Some(Reason::Setback { why: why.clone(), again: *due });
    }
    if entry.takers == Takers::Others {
        return Some(Reason::Elsewhere);
    }
    room.shortage.map(|shortage| Reason::Room { shortage })
}
