//! Why a file of Model Monitor cannot be used.

/// A file that does not say what a judgement needs. A judgement on half a file would be a wrong one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MonitorError {
    /// Not of the shape that the analyser writes.
    #[error("{file}: {place} is not {expected}")]
    Shape {
        /// Its name.
        file: &'static str,
        /// Where in it.
        place: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// A numerical column without its sketch: nothing can be compared.
    #[error(
        "statistics.json: column {0} has no sketch of its distribution (numerical_statistics.distribution.kll.sketch)"
    )]
    NoSketch(String),
    /// The distribution stands for another number of rows than the column has.
    #[error(
        "statistics.json: the distribution of column {name} stands for {found} values, the column has {present}"
    )]
    Incomplete {
        /// The column.
        name: String,
        /// Values that the distribution stands for.
        found: u64,
        /// Values that the column says it has.
        present: u64,
    },
    /// Constraints for a column that the statistics of the same baseline do not have.
    #[error(
        "statistics.json has no column {0}, which constraints.json names: they are not of the same baseline"
    )]
    UnknownColumn(String),
}

/// A place in a file, for the errors of a reader.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: &'static str,
    pub(super) path: String,
}

impl Place {
    pub(super) fn root(file: &'static str) -> Self {
        Self { file, path: "the file".to_owned() }
    }

    /// The place of `key` inside a place called `path`.
    pub(super) fn inside(&self, path: &str) -> Self {
        Self { file: self.file, path: path.to_owned() }
    }

    pub(super) fn is_not(&self, expected: &'static str) -> MonitorError {
        MonitorError::Shape { file: self.file, place: self.path.clone(), expected }
    }
}
