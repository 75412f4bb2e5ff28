//! What is wrong with a file, where, and what to write instead.

use serde::Serialize;

/// A file as it was read: the name people know it by, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Path relative to the repository, such as `environments/prod.yaml`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A range of bytes in a [`SourceFile`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First byte.
    pub offset: usize,
    /// Bytes; zero marks a place between characters.
    pub length: usize,
}

/// Whether a finding stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used; the author should know.
    Warning,
}

/// One thing that is wrong or doubtful in one place of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Does it stop the run?
    pub severity: Severity,
    /// Stable, greppable name such as `unknown-key` or `stage-cycle`.
    pub code: &'static str,
    /// The file's name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The place in bytes.
    pub span: Span,
    /// The offending text itself, cut if very long.
    pub text: String,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What to write instead, when we can tell.
    pub help: Option<String>,
}

impl Finding {
    /// An error about a file as a whole.
    #[must_use]
    pub fn of_file(code: &'static str, file: &str, message: String, help: String) -> Self {
        Self {
            severity: Severity::Error,
            code,
            file: file.to_owned(),
            line: 1,
            column: 1,
            span: Span { offset: 0, length: 0 },
            text: String::new(),
            message,
            help: Some(help),
        }
    }
}

/// Everything found in one reading, in file order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// At least one finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|finding| finding.severity == Severity::Error)
    }
}
