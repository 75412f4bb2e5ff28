//! Model versions and what people decide about them.
//!
//! A version is in use by an environment if it is approved and complete, and its life cycle says that environment with
//! the status [`APPROVED`]; of several, the one that was changed last. The function that looks for tonight's model
//! (`templates/scripts/latest_approved_model.py`) follows the same rule. Deciding is pure: from the versions that were
//! read to the updates to be written, in order. The first update does what was asked; those after it only mark what the
//! first has replaced, so a crash between them changes nothing about which version is in use.

mod contest;
mod decide;
mod evaluation;
#[cfg(test)]
mod fixture;
mod grounds;
mod history;
mod perform;
mod read;
mod refusal;
mod rollback;
mod rule;
mod succession;
#[cfg(test)]
mod tests;

pub use contest::{Trained, standing};
pub use decide::{Objections, Steps, Update, Word, approve, promote, reject};
pub use evaluation::{Dossier, Evaluation, dossier, evaluation};
pub use grounds::{Artefact, Authorship, Grounds, Objection, Rival, Seal, authorship};
pub use history::{Act, Entry, history};
pub use perform::perform;
pub use read::{version_in_use, versions};
pub use refusal::Refusal;
pub use rollback::{rollback, way_back};
pub use rule::{in_use, is_approved_for};

/// The status of a version that its stage uses (`ModelLifeCycle`, `StageStatus`).
pub const APPROVED: &str = "Approved";
/// The status of a version that its stage used before.
pub const SUPERSEDED: &str = "Superseded";
/// The status of a version that was rejected where it stood.
pub const REJECTED: &str = "Rejected";
