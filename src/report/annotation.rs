//! Findings as GitHub shows them beside the lines they are about.

use super::text;
use crate::spec::{Finding, Severity};
use serde::{Deserialize, Serialize};

/// Annotations of one check run; the rest is counted.
pub const MOST_ANNOTATIONS: usize = 200;
/// The evidence that holds them.
pub const FINDINGS_EVIDENCE: &str = "findings";
/// Characters of a message (GitHub takes 64 KB).
const LONGEST_MESSAGE: usize = 4000;
/// Characters of a title (GitHub takes 255).
const LONGEST_TITLE: usize = 200;

/// One finding in one line of one file, in the words of GitHub's interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// The file, relative to the repository.
    pub path: String,
    /// The line, from 1.
    pub start_line: usize,
    /// The same line.
    pub end_line: usize,
    /// How bad it is.
    pub annotation_level: Level,
    /// What is wrong, and what to write instead.
    pub message: String,
    /// The finding's own name.
    pub title: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The author should know.
    Warning,
    /// It stops the run.
    Failure,
}

impl From<&Finding> for Annotation {
    fn from(finding: &Finding) -> Self {
        let help = finding.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        Self {
            path: finding.file.clone(),
            start_line: finding.line.max(1),
            end_line: finding.line.max(1),
            annotation_level: match finding.severity {
                Severity::Error => Level::Failure,
                Severity::Warning => Level::Warning,
            },
            message: text::cut(&format!("{}{help}", finding.message), LONGEST_MESSAGE),
            title: text::line(finding.code, LONGEST_TITLE),
        }
    }
}
