//! What a delivery means: which branch was pushed, whether anything follows, and if not, why not.
//!
//! Whatever reached the agent gets a [`Verdict`]; nothing is dropped without a reason that people can read.

use crate::ids::RunId;
use serde::{Deserialize, Serialize};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It is this run, new or there already.
    Run {
        /// Which.
        run: RunId,
    },
    /// Nothing follows from it.
    Ignored {
        /// Why, one clause without a full stop.
        reason: String,
    },
    /// It should have been a run and cannot be one.
    Refused {
        /// Why, one clause without a full stop.
        reason: String,
    },
}
