//! The baseline: a small decision tree that scores by the class counts of its leaves.
//!
//! linfa-trees finds the cuts, one at a time: its own tree skips cuts between tied values, prunes leaves away and
//! knows labels only (see [`grow`]). A candidate that is no better than eight leaves is not worth promoting.

mod grow;
mod report;
#[cfg(test)]
mod tests;

use super::examples::Examples;
use serde::{Deserialize, Serialize};

/// How large the tree may grow and how its leaves score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TreeOptions {
    /// Longest way from the root to a leaf, in cuts.
    pub max_depth: u32,
    /// Fewest rows of a leaf.
    pub min_leaf: u32,
    /// Rows of each class that a leaf is given in advance (Laplace: 1), so that a pure leaf is not a certainty.
    pub smoothing: f64,
}

impl Default for TreeOptions {
    /// The best on the mammographic data among depths 3 and 5 with leaves of 1 and 10, and the simplest.
    fn default() -> Self {
        Self { max_depth: 3, min_leaf: 10, smoothing: 1.0 }
    }
}

/// A fitted tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    columns: Vec<String>,
    smoothing: f64,
    root: Node,
}

/// A set of training rows, and how it is cut in two unless it is a leaf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Node {
    rows: u32,
    positives: u32,
    cut: Option<Box<Cut>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cut {
    /// Index of the feature.
    feature: usize,
    /// Rows with at most this value go below.
    at_most: f64,
    below: Node,
    above: Node,
}

/// Why no tree can be fitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// Nothing to learn from.
    #[error("there is no training row")]
    NoRows,
    /// More rows than can be counted exactly.
    #[error("there are more than {most} training rows")]
    TooManyRows {
        /// The limit.
        most: usize,
    },
    /// Rows, labels and columns do not fit each other.
    #[error("row {row} does not have one label and {columns} features")]
    Shape {
        /// From 1.
        row: usize,
        /// Features expected.
        columns: usize,
    },
    /// A value is infinite or not a number.
    #[error("row {row} has a value that is not a finite number; impute first")]
    NotFinite {
        /// From 1.
        row: usize,
    },
    /// The tree was asked to be deeper than it can be stored.
    #[error("a depth of {depth} is above the limit of {most}")]
    TooDeep {
        /// What was asked.
        depth: u32,
        /// The limit.
        most: u32,
    },
    /// linfa refused.
    #[error("the tree cannot be fitted: {0}")]
    Linfa(String),
}

impl Baseline {
    /// Fits a tree to `examples`; the same tree whatever the order of their rows.
    ///
    /// # Errors
    /// [`FitError`], also for values that are not finite.
    pub fn fit(examples: &Examples, options: &TreeOptions) -> Result<Self, FitError> {
        let root = grow::grow(examples, options)?;
        Ok(Self { columns: examples.columns.clone(), smoothing: options.smoothing, root })
    }

    /// The probability that a row with these features is positive. A missing trailing feature counts as above
    /// every cut.
    #[must_use]
    pub fn score(&self, features: &[f64]) -> f64 {
        let mut node = &self.root;
        while let Some(cut) = &node.cut {
            let is_below = features.get(cut.feature).is_some_and(|value| *value <= cut.at_most);
            node = if is_below { &cut.below } else { &cut.above };
        }
        self.score_of(node)
    }

    /// The scores of all `rows`.
    #[must_use]
    pub fn scores(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        rows.iter().map(|row| self.score(row)).collect()
    }

    fn score_of(&self, leaf: &Node) -> f64 {
        (f64::from(leaf.positives) + self.smoothing) / (f64::from(leaf.rows) + 2.0 * self.smoothing)
    }
}
