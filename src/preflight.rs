//! What a deployment needs, judged: policies, buckets, images, permissions, people, the clock.
//!
//! Nothing is read here. Each function takes what was read and answers an [`Outcome`]; whatever could not be read
//! is [`Outcome::Unknown`] with the reason, never a guess. Failed means that a deployment would not work, or that
//! somebody could reach what is nobody's business; a warning works today and should not stay.

mod asked;
mod bucket;
mod clock;
mod document;
mod images;
mod key;
mod leave;
mod permissions;
mod readiness;
mod simulation;
mod trust;

pub use asked::Asked;
pub use bucket::{Encryption, PublicAccess, encrypted, in_region, private, tls_only, versioned};
pub use clock::skew;
pub use document::{NotAPolicy, PolicyDocument};
pub use images::{ImageState, image, whereabouts};
pub use key::{KeyUse, events_may_use, is_alias, logs_may_use, usable};
pub use leave::{Act, Leave, Question, questions};
pub use permissions::{Permission, Want, permissions};
pub use readiness::{
    Destination, alert_path, approved_model, batch, fire_times, log_group, scheduled,
};
pub use simulation::{Decision, Simulated, judge};
pub use trust::trust;

use crate::ids::EnvName;
use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, in a few words.
    #[serde(rename = "check")]
    pub what: String,
    /// What was found.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Check {
    /// A check with its outcome.
    pub fn new(what: impl Into<String>, outcome: Outcome) -> Self {
        Self { what: what.into(), outcome }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is as it should be.
    Ok {
        /// What was seen.
        detail: String,
    },
    /// Deployments work, but something will be missed or should not stay.
    Warning {
        /// What is wrong.
        why: String,
        /// What to do.
        fix: String,
    },
    /// Deployments do not work, or something is open that must not be.
    Failed {
        /// What is wrong.
        why: String,
        /// What to do.
        fix: String,
    },
    /// It could not be told.
    Unknown {
        /// Why not.
        why: String,
    },
}

impl Outcome {
    /// As it should be.
    pub fn ok(detail: impl Into<String>) -> Self {
        Self::Ok { detail: detail.into() }
    }

    /// Should not stay.
    pub fn warning(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Warning { why: why.into(), fix: fix.into() }
    }

    /// Does not work.
    pub fn failed(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Failed { why: why.into(), fix: fix.into() }
    }

    /// Could not be told.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// The same, where `agent bootstrap` would mend it as well.
    #[must_use]
    pub fn or_bootstrap(self, environment: &EnvName) -> Self {
        let more = |fix: String| format!("{fix}; or let agent bootstrap --env {environment} do it");
        match self {
            Self::Warning { why, fix } => Self::Warning { why, fix: more(fix) },
            Self::Failed { why, fix } => Self::Failed { why, fix: more(fix) },
            Self::Ok { .. } | Self::Unknown { .. } => self,
        }
    }

    /// Is this a failure?
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Failed { .. } => true,
            Self::Ok { .. } | Self::Warning { .. } | Self::Unknown { .. } => false,
        }
    }
}
