//! What a judgement of a batch comes to.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What to think of a batch. Separate from the status of the step that looked at it: a step also fails for reasons
/// that have nothing to do with the data, and the analyser's own word for drift is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Looks like the baseline, as far as its rows can tell.
    Clean,
    /// Another distribution: what the model learned may no longer hold, and a new training may help.
    Drift,
    /// Columns, types, blanks or categories are not those of the baseline: someone upstream must look, and a
    /// training on such rows would make it worse.
    DataDefect,
    /// Too few rows to tell.
    TooFewRows,
    /// Nothing was judged: the step failed and left no report.
    InfrastructureFailure,
}

impl Verdict {
    /// The word for it, as in the environment's `respond`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Drift => "drift",
            Self::DataDefect => "data-defect",
            Self::TooFewRows => "too-few-rows",
            Self::InfrastructureFailure => "infrastructure-failure",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;

    #[test]
    fn a_verdict_is_written_as_it_is_said() {
        for verdict in [
            Verdict::Clean,
            Verdict::Drift,
            Verdict::DataDefect,
            Verdict::TooFewRows,
            Verdict::InfrastructureFailure,
        ] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.to_string());
        }
    }
}
