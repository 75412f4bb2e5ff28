//! The story as one document for programs.

use super::{promises::Promises, record::DayRecord};
use serde::Serialize;

/// What was told, in full. The same story gives the same bytes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The project's name.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The commit.
    pub commit: String,
    /// What the model was trained on.
    pub data: String,
    /// What came in on the night in question.
    pub drift: String,
    /// What decides every draw.
    pub seed: u64,
    /// Whether everything that was promised was kept.
    pub kept: bool,
    /// Day by day.
    pub days: Vec<DayRecord>,
    /// Subjects of the alerts that were delivered, each once.
    pub alerts: Vec<String>,
    /// What did not come to pass, and why.
    pub left_out: Vec<String>,
    /// Every promise that was looked at.
    pub promises: Promises,
    /// Where to look, if one was broken.
    pub look: Option<String>,
}
