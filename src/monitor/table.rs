//! A data set by columns, with the type that the analyser infers for each.

use std::collections::BTreeSet;

/// Most columns a data set may have: bounds the size of both files.
pub const MAX_COLUMNS: usize = 2_000;

/// A data set by columns. Has at least one row and one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the header, or `_c0`, `_c1`, ….
    pub name: String,
    /// Its cells from the first row to the last.
    pub cells: Vec<Cell>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Nothing between the commas.
    Missing,
    /// A whole number, written without a fraction.
    Integral(f64),
    /// A number with a fraction or an exponent.
    Fractional(f64),
    /// Anything else.
    Text(String),
}

/// What a column holds, judged by all its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InferredType {
    /// Whole numbers only.
    Integral,
    /// Numbers, at least one with a fraction.
    Fractional,
    /// At least one cell is not a number.
    String,
    /// No cell holds anything.
    Unknown,
}

/// Whether the first line of each file names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// It does.
    Present,
    /// It is a row like the others.
    Absent,
}

/// Why a data set cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not readable as CSV, or rows of different length.
    #[error("the data set is not a CSV table")]
    Csv(#[from] csv::Error),
    /// The files do not have the same columns.
    #[error("the files of the data set have different columns")]
    Columns,
    /// No row at all.
    #[error("the data set has no rows")]
    Empty,
    /// More than [`MAX_COLUMNS`].
    #[error("the data set has {0} columns, more than {MAX_COLUMNS}")]
    TooWide(usize),
}

impl Table {
    /// Reads the CSV files of one data set, one under the other.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn read<'a>(
        texts: impl IntoIterator<Item = &'a str>,
        header: Header,
    ) -> Result<Self, TableError> {
        let mut table = Self { columns: Vec::new(), rows: 0 };
        for text in texts {
            table.append(text, header)?;
        }
        if table.rows == 0 { Err(TableError::Empty) } else { Ok(table) }
    }

    fn append(&mut self, text: &str, header: Header) -> Result<(), TableError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(header == Header::Present)
            .from_reader(text.as_bytes());
        let names: Vec<String> = match header {
            Header::Present => reader.headers()?.iter().map(str::to_owned).collect(),
            Header::Absent => Vec::new(),
        };
        for record in reader.records() {
            let record = record?;
            if self.columns.is_empty() {
                self.name_columns(&names, record.len())?;
            }
            let same_names =
                names.is_empty() || names.iter().eq(self.columns.iter().map(|column| &column.name));
            if record.len() != self.columns.len() || !same_names {
                return Err(TableError::Columns);
            }
            for (column, text) in self.columns.iter_mut().zip(record.iter()) {
                column.cells.push(Cell::read(text));
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn name_columns(&mut self, names: &[String], width: usize) -> Result<(), TableError> {
        if width > MAX_COLUMNS {
            return Err(TableError::TooWide(width));
        }
        self.columns = (0..width)
            .map(|index| Column {
                name: names.get(index).cloned().unwrap_or_else(|| format!("_c{index}")),
                cells: Vec::new(),
            })
            .collect();
        Ok(())
    }

    /// The columns, left to right.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are; never zero.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl Cell {
    fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Missing;
        }
        match text.parse::<f64>() {
            Ok(number) if !number.is_finite() => Self::Text(text.to_owned()),
            Ok(number) if text.parse::<i64>().is_ok() => Self::Integral(number),
            Ok(number) => Self::Fractional(number),
            Err(_) => Self::Text(text.to_owned()),
        }
    }

    /// The number in the cell, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integral(number) | Self::Fractional(number) => Some(*number),
            Self::Missing | Self::Text(_) => None,
        }
    }

    /// The cell as text, if it holds anything.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Missing => None,
            Self::Integral(number) | Self::Fractional(number) => Some(number.to_string()),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

impl Column {
    /// What the column holds.
    #[must_use]
    pub fn inferred_type(&self) -> InferredType {
        self.cells.iter().fold(InferredType::Unknown, |inferred, cell| match (inferred, cell) {
            (inferred, Cell::Missing) => inferred,
            (InferredType::String, _) | (_, Cell::Text(_)) => InferredType::String,
            (InferredType::Fractional, _) | (_, Cell::Fractional(_)) => InferredType::Fractional,
            (InferredType::Integral | InferredType::Unknown, Cell::Integral(_)) => {
                InferredType::Integral
            }
        })
    }

    /// How many cells hold something.
    #[must_use]
    pub fn present(&self) -> usize {
        self.cells.iter().filter(|cell| **cell != Cell::Missing).count()
    }

    /// The share of cells that hold something, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
    pub fn completeness(&self) -> f64 {
        if self.cells.is_empty() {
            return 0.0;
        }
        self.present() as f64 / self.cells.len() as f64
    }

    /// The numbers of a numerical column, in row order.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        self.cells.iter().filter_map(Cell::number).collect()
    }

    /// The texts of a text column, in row order.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> {
        self.cells.iter().filter_map(Cell::text)
    }

    /// The different texts of a text column.
    pub(super) fn distinct(&self) -> BTreeSet<String> {
        self.texts().collect()
    }
}

impl InferredType {
    /// The word the files use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integral => "Integral",
            Self::Fractional => "Fractional",
            Self::String => "String",
            Self::Unknown => "Unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(text: &str) -> Vec<&'static str> {
        let table = Table::read([text], Header::Absent).unwrap();
        table.columns().iter().map(|column| column.inferred_type().as_str()).collect()
    }

    #[test]
    fn a_column_takes_the_widest_type_of_its_cells() {
        assert_eq!(
            types("1,1,1,\n2,2.5,x,\n,3,4,\n"),
            ["Integral", "Fractional", "String", "Unknown"]
        );
    }

    #[test]
    fn not_a_number_is_text() {
        assert_eq!(types("NaN,inf,?\n1,1,1\n"), ["String", "String", "String"]);
    }

    #[test]
    fn headerless_columns_are_numbered_and_files_are_stacked() {
        let table = Table::read(["1,2\n", "3,4\n5,6\n"], Header::Absent).unwrap();
        assert_eq!(table.rows(), 3);
        assert_eq!(table.columns()[1].name, "_c1");
        assert_eq!(table.columns()[1].numbers(), [2.0, 4.0, 6.0]);
    }

    #[test]
    fn a_header_names_the_columns_and_must_agree_between_files() {
        let table = Table::read(["age,shape\n40,1\n"], Header::Present).unwrap();
        assert_eq!(table.columns()[0].name, "age");
        let other = Table::read(["age,shape\n40,1\n", "age,margin\n41,2\n"], Header::Present);
        assert!(matches!(other, Err(TableError::Columns)));
    }

    #[test]
    fn no_rows_is_an_error() {
        assert!(matches!(Table::read([""], Header::Absent), Err(TableError::Empty)));
        assert!(matches!(Table::read([], Header::Absent), Err(TableError::Empty)));
    }

    #[test]
    fn completeness_counts_blank_cells() {
        let table = Table::read(["1,1\n,1\n3,1\n4,1\n"], Header::Absent).unwrap();
        assert!((table.columns()[0].completeness() - 0.75).abs() < 1e-12);
    }
}
