//! Rows that a person brings for the night in question, made into a batch as far as the contract knows their columns.
//!
//! What the contract does not know is handed on as it is: to find that out is the pipeline's work, not the story's.

use crate::spec::{Column, DataContract, Role};
use csv::StringRecord;

/// Largest file that is taken: some millions of rows.
pub const LONGEST_FILE: u64 = 64 << 20;

/// A batch made of a brought file.
#[derive(Clone, PartialEq, Eq)]
pub struct Brought {
    /// The batch's text.
    pub text: String,
    /// How many rows it has.
    pub rows: usize,
    /// How its columns were understood.
    pub columns: Columns,
}

/// How a brought file's columns were understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// By the header's names; label and ignored columns are left out.
    ByName,
    /// By their place, as in the data set; label and ignored columns are left out.
    ByPlace,
    /// Not at all: the rows are handed on as they are.
    AsTheyAre,
}

/// Nothing to bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file has no rows")]
pub struct NoRows;

impl Columns {
    /// In words, for the one who brought the file.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::ByName => "columns found by the names in its header",
            Self::ByPlace => "no header: columns taken as in the data set",
            Self::AsTheyAre => "its columns are not the contract's: handed on as they are",
        }
    }
}

impl Brought {
    /// Makes a batch of a file's text.
    ///
    /// # Errors
    /// There is no row in it.
    pub fn read(text: &str, contract: &DataContract) -> Result<Self, NoRows> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let records: Vec<StringRecord> = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes())
            .into_records()
            .filter_map(Result::ok)
            .collect();
        let (first, rest) = records.split_first().ok_or(NoRows)?;
        let is_header = first.iter().any(|cell| contract.columns.iter().any(|c| c.name == cell));
        let found = if is_header {
            by_name(first, contract).map(|order| (Columns::ByName, order, rest))
        } else {
            by_place(first.len(), contract).map(|order| (Columns::ByPlace, order, &records[..]))
        };
        let (columns, order, rows) =
            found.unwrap_or_else(|| (Columns::AsTheyAre, Vec::new(), &records[..]));
        if rows.is_empty() {
            return Err(NoRows);
        }
        let width = first.len();
        let mut batch = String::new();
        for row in rows {
            // A row of another length is not taken apart: nobody knows which cell is which.
            let whole = columns == Columns::AsTheyAre || row.len() != width;
            let cells: Vec<&str> = if whole {
                row.iter().collect()
            } else {
                order.iter().filter_map(|place| row.get(*place)).collect()
            };
            push_line(&mut batch, &cells);
        }
        Ok(Self { text: batch, rows: rows.len(), columns })
    }
}

fn features(contract: &DataContract) -> impl Iterator<Item = (usize, &Column)> {
    contract.columns.iter().enumerate().filter(|(_, column)| column.role == Role::Feature)
}

/// Where each feature stands, if the header has all of them and no name that the contract does not know.
fn by_name(header: &StringRecord, contract: &DataContract) -> Option<Vec<usize>> {
    let known = |name: &str| contract.columns.iter().any(|column| column.name == name);
    let place = |name: &str| {
        let mut found = header.iter().enumerate().filter(|(_, cell)| *cell == name);
        let (first, second) = (found.next(), found.next());
        first.filter(|_| second.is_none()).map(|(place, _)| place)
    };
    if !header.iter().all(known) {
        return None;
    }
    features(contract).map(|(_, column)| place(&column.name)).collect()
}

/// Where each feature stands in rows of all columns, of all but the label, or of the features alone.
fn by_place(width: usize, contract: &DataContract) -> Option<Vec<usize>> {
    let shapes: [fn(Role) -> bool; 3] =
        [|_| true, |role| role != Role::Label, |role| role == Role::Feature];
    shapes.into_iter().find_map(|has| {
        let kept = || contract.columns.iter().filter(|column| has(column.role)).enumerate();
        let features = kept().filter(|(_, column)| column.role == Role::Feature);
        (kept().count() == width).then(|| features.map(|(place, _)| place).collect())
    })
}

fn push_line(batch: &mut String, cells: &[&str]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            batch.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            batch.push('"');
            batch.push_str(&cell.replace('"', "\"\""));
            batch.push('"');
        } else {
            batch.push_str(cell);
        }
    }
    batch.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{SourceFile, check_data_contract};
    use proptest::prelude::*;

    fn contract() -> DataContract {
        let text = include_str!("../../data/mammographic.yaml").to_owned();
        check_data_contract(&SourceFile { name: "data.yaml".to_owned(), text }).unwrap()
    }

    fn read(text: &str) -> (String, usize, Columns) {
        let Brought { text, rows, columns } = Brought::read(text, &contract()).unwrap();
        (text, rows, columns)
    }

    #[test]
    fn a_header_maps_columns_by_name_and_drops_label_and_ignored_ones() {
        let (text, rows, columns) =
            read("Severity,Density,Margin,Shape,Age,BI-RADS\n1,3,5,4,67,5\n0,2,1,1,30,4\n");
        assert_eq!((text.as_str(), rows, columns), ("67,4,5,3\n30,1,1,2\n", 2, Columns::ByName));
        assert_eq!(read("Age,Shape,Margin,Density\n67,4,5,3\n").0, "67,4,5,3\n");
    }

    #[test]
    fn without_a_header_the_data_sets_own_order_counts() {
        assert_eq!(read("5,67,4,5,3,1\n").0, "67,4,5,3\n");
        assert_eq!(read("5,67,4,5,3,1\n").2, Columns::ByPlace);
        assert_eq!(
            read("67,4,5,3\n30,1,1,2\n"),
            ("67,4,5,3\n30,1,1,2\n".to_owned(), 2, Columns::ByPlace)
        );
        assert_eq!(read("5,67,4,5,3\n").0, "67,4,5,3\n");
        assert_eq!(read("67,4,5\n").2, Columns::AsTheyAre);
    }

    #[test]
    fn other_columns_are_handed_on_header_and_all() {
        for other in [
            "Age,Shape,Margin\n67,4,5\n",
            "Age,Shape,Margin,Density,Weight\n67,4,5,3,80\n",
            "Age,Age,Shape,Margin,Density\n67,67,4,5,3\n",
            "weight,height\n80,1.8\n",
        ] {
            let (text, _, columns) = read(other);
            assert_eq!((text.as_str(), columns), (other, Columns::AsTheyAre));
        }
    }

    #[test]
    fn a_row_of_another_length_stays_one() {
        let (text, rows, _) = read("Age,Shape,Margin,Density,Severity\n67,4,5,3,1\n30,1\n");
        assert_eq!((text.as_str(), rows), ("67,4,5,3\n30,1\n", 2));
    }

    #[test]
    fn blank_cells_and_quotes_survive() {
        assert_eq!(
            read("\u{feff}Age,Shape,Margin,Density\r\n,4,\"5, or so\",\"a\"\"b\"\r\n").0,
            ",4,\"5, or so\",\"a\"\"b\"\n"
        );
    }

    #[test]
    fn a_file_without_rows_is_refused() {
        for empty in ["", "\n\n", "Age,Shape,Margin,Density\n"] {
            assert_eq!(Brought::read(empty, &contract()).err(), Some(NoRows), "{empty:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String) {
            if let Ok(brought) = Brought::read(&text, &contract()) {
                prop_assert!(brought.rows > 0);
            }
        }
    }
}
