//! Why runs wait, in words.

use super::Hold;
use crate::ids::{Label, RunId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt};

/// What the machine lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "lowercase")]
pub enum Shortage {
    /// Bytes free on the disk of the state folder.
    Disk {
        /// There are.
        free: u64,
        /// There should be.
        least: u64,
    },
    /// Bytes of memory that could be had.
    Memory {
        /// There are.
        free: u64,
        /// There should be.
        least: u64,
    },
}

/// Why a run waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "lowercase")]
pub enum Reason {
    /// Another run has the environment, or comes first.
    Run {
        /// Which.
        run: RunId,
    },
    /// A person has locked the environment.
    Lock {
        /// The lock.
        lock: Hold,
    },
    /// The deploy window is closed.
    Window {
        /// When it opens, if it ever does.
        opens: Option<Timestamp>,
    },
    /// People are asked.
    Approval,
    /// No agent that takes runs has all of its labels.
    Labels {
        /// Its labels.
        labels: BTreeSet<Label>,
    },
    /// Another agent has its labels.
    Elsewhere,
    /// It could not be driven, for a cause that may pass.
    Setback {
        /// Which.
        why: String,
        /// When that is tried again.
        again: Timestamp,
    },
    /// The agent drives as many runs as it may.
    Slot,
    /// The machine lacks something.
    Room {
        /// What.
        shortage: Shortage,
    },
}

impl Reason {
    /// Does it lie with the agent that looks, whatever the run?
    #[must_use]
    pub fn is_of_the_agent(&self) -> bool {
        match self {
            Self::Slot | Self::Room { .. } => true,
            Self::Run { .. }
            | Self::Lock { .. }
            | Self::Window { .. }
            | Self::Approval
            | Self::Labels { .. }
            | Self::Elsewhere
            | Self::Setback { .. } => false,
        }
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: &u64| bytes >> 20;
        match self {
            Self::Disk { free, least } => {
                write!(f, "{} MiB free on the disk, {} wanted", mib(free), mib(least))
            }
            Self::Memory { free, least } => {
                write!(f, "{} MiB of memory free, {} wanted", mib(free), mib(least))
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { run } => write!(f, "run {} comes first", run.short()),
            Self::Lock { lock } => lock.fmt(f),
            Self::Window { opens: Some(opens) } => {
                write!(f, "the deploy window opens at {}", opens.strftime("%F %T UTC"))
            }
            Self::Window { opens: None } => f.pad("the deploy window never opens"),
            Self::Approval => f.pad("waiting for approval"),
            Self::Labels { labels } => {
                let labels: Vec<&str> = labels.iter().map(Label::as_str).collect();
                let noun = if labels.len() == 1 { "label" } else { "labels" };
                write!(f, "no agent has the {noun} {}", labels.join(", "))
            }
            Self::Elsewhere => f.pad("another agent has its labels"),
            Self::Setback { why, again } => {
                write!(f, "{why}; tried again at {}", again.strftime("%F %T UTC"))
            }
            Self::Slot => f.pad("the agent drives as many runs as it may"),
            Self::Room { shortage } => shortage.fmt(f),
        }
    }
}
