//! Rows of numbers without labels, as a model takes them.

use super::JobFailure;
use forust_ml::Matrix;

/// Numbers, held column by column; a missing one is NaN.
pub(super) struct Features {
    cells: Vec<f64>,
    rows: usize,
    columns: usize,
}

impl Features {
    /// The rows, which must all have the same number of cells and at least one.
    pub(super) fn of(rows: &[Vec<f64>]) -> Result<Self, JobFailure> {
        let columns = rows.first().map_or(0, Vec::len);
        if columns == 0 || rows.iter().any(|row| row.len() != columns) {
            return Err(JobFailure::client("the rows have no features, or not the same number"));
        }
        let cells = (0..columns)
            .flat_map(|column| rows.iter().filter_map(move |row| row.get(column)).copied());
        Ok(Self { cells: cells.collect(), rows: rows.len(), columns })
    }

    /// How many features a row has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The first feature without a value in any row.
    pub(super) fn blank_column(&self) -> Option<usize> {
        self.cells.chunks(self.rows).position(|column| column.iter().all(|cell| cell.is_nan()))
    }

    pub(super) fn matrix(&self) -> Matrix<'_, f64> {
        Matrix::new(&self.cells, self.rows, self.columns)
    }
}

/// The number in a cell; a blank one is missing.
pub(super) fn number(cell: &str) -> Result<f64, JobFailure> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(f64::NAN);
    }
    let number = cell.parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| JobFailure::client("a cell is not a number"))
}
