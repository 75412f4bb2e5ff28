//! What a delivery means: which branch was pushed, whether anything follows, and if not, why not.
//!
//! Whatever reached the agent gets a [`Verdict`]; nothing is dropped without a reason that people can read.

mod answer;
mod meaning;
mod nesting;
mod skip;
#[cfg(test)]
mod tests;

pub use answer::{About, Answering, Named, Place, Saying};
pub use meaning::{
    ASKED, Asking, EVENTS, Malformed, Meaning, PROPOSED, Proposed, Sender, meaning, sender,
};
pub use nesting::{DEEPEST, is_too_deep};
pub use skip::skip_token;

use crate::ids::RunId;
use serde::{Deserialize, Serialize};

/// Characters of a reason: a few findings with their places.
const LONGEST_REASON: usize = 2_000;

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is this run, new or there already.
    Run {
        /// Which.
        run: RunId,
    },
    /// It is an answer to a run that asked, and counts.
    Answered {
        /// Which run.
        run: RunId,
        /// Who said what, one clause without a full stop.
        reason: String,
    },
    /// Nothing follows from it.
    Ignored {
        /// Why, one clause without a full stop.
        reason: String,
    },
    /// It should have been a run or an answer and cannot be one.
    Refused {
        /// Why, one clause without a full stop.
        reason: String,
    },
}

impl Verdict {
    /// It is an answer, and counts.
    #[must_use]
    pub fn answered(run: RunId, reason: impl Into<String>) -> Self {
        Self::Answered { run, reason: readable(reason.into()) }
    }

    /// Nothing follows.
    #[must_use]
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self::Ignored { reason: readable(reason.into()) }
    }

    /// It cannot be a run.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: readable(reason.into()) }
    }
}

/// What others wrote may stand in a reason: nothing of it steers a terminal, and it ends.
fn readable(reason: String) -> String {
    let plain = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    reason.chars().take(LONGEST_REASON).map(plain).collect()
}
