//! What is wrong with a data file. Texts name row and column, never the cell's content: it is health data.

use std::fmt;

/// Flaws listed one by one; the rest are counted. Enough to see a pattern, little enough to read.
const MAX_LISTED: usize = 20;

/// One bad row or cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The file's name.
    pub file: String,
    /// Line in the file, from 1.
    pub line: u64,
    /// The column's name; absent when the whole row is meant.
    pub column: Option<String>,
    /// What the contract wants there.
    pub problem: String,
}

/// The first flaws of a reading, and how many more there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flaws {
    /// In reading order, at most twenty.
    pub listed: Vec<Flaw>,
    /// Found but not listed.
    pub more: usize,
}

/// Why a data set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Cells or rows that break the contract.
    #[error("the data breaks its contract: {0}")]
    Rows(Flaws),
    /// The first line is not the agreed header.
    #[error("{file}: the first line is not the header '{expected}'")]
    Header {
        /// The file's name.
        file: String,
        /// The header that the contract asks for.
        expected: String,
    },
    /// The contract names no label column.
    #[error("the data contract has no column with the role label")]
    NoLabel,
    /// No file, or no row in any of them.
    #[error("there is no data row")]
    NoRows,
    /// More rows than the baseline can count exactly.
    #[error("there are more than {most} data rows")]
    TooManyRows {
        /// The limit.
        most: usize,
    },
    /// A feature without a single value in the training part, so that nothing can be imputed.
    #[error("column '{column}' has no value in the training part")]
    EmptyColumn {
        /// The column's name.
        column: String,
    },
    /// A part of the split lacks one of the classes.
    #[error("the {part} part has no row with label {label}: the data set is too small to split")]
    TooSmall {
        /// train, validation or test.
        part: &'static str,
        /// The class that is missing.
        label: u8,
    },
    /// The imputer was fitted on other columns.
    #[error("the imputer was fitted on other columns than the contract's features")]
    OtherColumns,
    /// The imputer cannot be read.
    #[error("the imputer does not fit the contract: {problem}")]
    Imputer {
        /// What is wrong with it.
        problem: String,
    },
}

impl Flaws {
    /// Lists `flaw`, or counts it when the list is full.
    pub(super) fn add(
        &mut self,
        file: &str,
        line: u64,
        column: Option<&str>,
        problem: impl Into<String>,
    ) {
        if self.listed.len() == MAX_LISTED {
            self.more += 1;
        } else {
            let (file, column, problem) =
                (file.to_owned(), column.map(str::to_owned), problem.into());
            self.listed.push(Flaw { file, line, column, problem });
        }
    }

    /// `value` if nothing was found.
    pub(super) fn or<T>(self, value: T) -> Result<T, DataError> {
        if self.listed.is_empty() { Ok(value) } else { Err(DataError::Rows(self)) }
    }
}

impl Flaw {
    /// What is wrong, without its place.
    #[must_use]
    pub fn sentence(&self) -> String {
        match &self.column {
            Some(column) => format!("column '{column}' {}", self.problem),
            None => self.problem.clone(),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.sentence())
    }
}

impl fmt::Display for Flaws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: Vec<String> = self.listed.iter().map(Flaw::to_string).collect();
        f.write_str(&listed.join("; "))?;
        if self.more > 0 { write!(f, "; and {} more", self.more) } else { Ok(()) }
    }
}
