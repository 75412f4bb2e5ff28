//! Why a decision is not written, and what would help.

use super::Objection;
use crate::ids::EnvName;

/// A decision that is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no such version.
    #[error("there is no version {version}")]
    NoSuchVersion {
        /// What was asked for.
        version: i32,
        /// What there is.
        known: Vec<i32>,
    },
    /// SageMaker has not finished making it, or failed.
    #[error("version {version} is not complete")]
    NotCompleted {
        /// Which.
        version: i32,
        /// For which environment it was asked for.
        environment: EnvName,
    },
    /// Only an approved version goes further.
    #[error("version {version} is not approved")]
    NotApproved {
        /// Which.
        version: i32,
        /// Where it should go.
        environment: EnvName,
    },
    /// A version stands in one stage only.
    #[error(
        "version {version} is in use by {other}, and stands in one stage only: {other} would lose its model"
    )]
    InUseElsewhere {
        /// Which.
        version: i32,
        /// Who uses it.
        other: String,
    },
    /// The name cannot be a stage (`EntityName`: letters, digits and inner hyphens).
    #[error("'{environment}' cannot be the stage of a life cycle")]
    NoStage {
        /// Which environment.
        environment: EnvName,
    },
    /// The artefact is not what was registered: the inference would refuse it.
    #[error("version {version} cannot be used: {what}")]
    Artefact {
        /// Which.
        version: i32,
        /// What is the matter.
        what: &'static str,
    },
    /// Four eyes: it is the approver's own change.
    #[error("commit {commit} is a change of {by}, and {environment} asks for four eyes")]
    OwnChange {
        /// The commit that the version was rendered from.
        commit: String,
        /// Who is both.
        by: String,
        /// The environment whose rule it is.
        environment: EnvName,
    },
    /// Four eyes: nobody can tell whose change it is.
    #[error("{environment} asks for four eyes, and {what}")]
    UnknownAuthor {
        /// What cannot be found.
        what: String,
        /// The environment whose rule it is.
        environment: EnvName,
    },
    /// The evidence speaks against it.
    #[error("the evidence speaks against version {version}: {}", list(objections))]
    Objections {
        /// Which.
        version: i32,
        /// For which environment it was asked for.
        environment: EnvName,
        /// All of it.
        objections: Vec<Objection>,
    },
    /// There was no version before.
    #[error("{environment} has used no other version that is still approved")]
    NothingBefore {
        /// The environment.
        environment: EnvName,
    },
    /// A rollback goes back.
    #[error(
        "version {version} was not in use by {environment} before, or is not approved any more"
    )]
    NeverUsed {
        /// Which.
        version: i32,
        /// By whom.
        environment: EnvName,
    },
}

impl Refusal {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoSuchVersion { known, .. } if known.is_empty() => {
                "no version is registered yet; a run's train-test stage registers one".to_owned()
            }
            Self::NoSuchVersion { known, .. } => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                format!("there are: {}", known.join(", "))
            }
            Self::NotCompleted { version, environment } => {
                format!("see its status with: agent models show {version} --env {environment}")
            }
            Self::NotApproved { version, environment } => format!(
                "approve it first: agent models approve {version} --env {environment} --reason '…'"
            ),
            Self::InUseElsewhere { other, .. } => {
                format!("give {other} another version first, or train one for each environment")
            }
            Self::NoStage { .. } => {
                "a stage has letters, digits and inner hyphens: rename the environment".to_owned()
            }
            Self::Artefact { .. } => {
                "its file in S3 is another now: restore the object's former version, or train again"
                    .to_owned()
            }
            Self::OwnChange { .. } => {
                "ask a colleague who neither wrote nor committed it".to_owned()
            }
            Self::UnknownAuthor { .. } => {
                "fetch the commit into this repository, or train again from one that is there"
                    .to_owned()
            }
            Self::Objections { version, environment, .. } => format!(
                "look at it with `agent models show {version} --env {environment}`; to approve it all the same: --override, and a reason that says why"
            ),
            Self::NothingBefore { environment } => {
                format!("agent models list --env {environment} shows what there is to approve")
            }
            Self::NeverUsed { version, environment } => {
                format!("agent models approve {version} --env {environment} --reason '…'")
            }
        }
    }
}

fn list(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
