//! Rows of a data file, each checked against the data contract.

use super::{
    flaw::{DataError, Flaws},
    number,
};
use crate::spec::{Column, ColumnKind, DataContract, Role, SourceFile};

/// Most rows of a data set: linfa counts rows as `f32`, which is exact up to 2^24.
pub const MAX_ROWS: usize = 1 << 24;

/// Labelled rows. Only checked values are in it: every number lies in its column's range.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSet {
    /// Names of the features in contract order.
    pub columns: Vec<String>,
    /// The rows in file order.
    pub rows: Vec<Row>,
}

/// One labelled row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Values in column order; `None` is missing.
    pub features: Vec<Option<f64>>,
    /// The class.
    pub label: bool,
}

/// Rows to be scored: no header, no label.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Names of the features in contract order.
    pub columns: Vec<String>,
    /// Feature values in file order.
    pub rows: Vec<Vec<Option<f64>>>,
}

impl DataSet {
    /// Reads labelled files with a header each: the contract's names, or the column numbers from 0 as pandas
    /// writes them for unnamed columns.
    ///
    /// # Errors
    /// [`DataError`], with every bad cell up to a bound.
    pub fn read(files: &[SourceFile], contract: &DataContract) -> Result<Self, DataError> {
        if !contract.columns.iter().any(|column| column.role == Role::Label) {
            return Err(DataError::NoLabel);
        }
        let mut reader = Reader::new(contract);
        for file in files {
            let mut records = reader.records(file);
            let columns: Vec<&Column> = contract.columns.iter().collect();
            match records.next() {
                Some((_, header)) if is_header(&header, &columns) => {}
                _ => {
                    let names: Vec<&str> =
                        columns.iter().map(|column| column.name.as_str()).collect();
                    return Err(DataError::Header {
                        file: file.name.clone(),
                        expected: names.join(","),
                    });
                }
            }
            for (line, record) in records {
                reader.read_row(&file.name, line, &columns, &record);
            }
        }
        let rows = reader.finish()?.into_iter();
        let rows =
            rows.map(|(features, label)| Row { features, label: label == Some(true) }).collect();
        Ok(Self { columns: feature_names(contract), rows })
    }

    /// Rows with the label 1.
    #[must_use]
    pub fn positives(&self) -> usize {
        self.rows.iter().filter(|row| row.label).count()
    }
}

impl Batch {
    /// Reads headerless rows of all columns but the label, or of the features alone.
    ///
    /// # Errors
    /// [`DataError`], with every bad cell up to a bound.
    pub fn read(files: &[SourceFile], contract: &DataContract) -> Result<Self, DataError> {
        let unlabelled: Vec<&Column> =
            contract.columns.iter().filter(|c| c.role != Role::Label).collect();
        let features: Vec<&Column> =
            contract.columns.iter().filter(|c| c.role == Role::Feature).collect();
        let mut reader = Reader::new(contract);
        for file in files {
            for (line, record) in reader.records(file) {
                let columns = if record.len() == features.len() { &features } else { &unlabelled };
                reader.read_row(&file.name, line, columns, &record);
            }
        }
        let rows = reader.finish()?.into_iter().map(|(features, _)| features).collect();
        Ok(Self { columns: feature_names(contract), rows })
    }
}

fn feature_names(contract: &DataContract) -> Vec<String> {
    contract.columns.iter().filter(|c| c.role == Role::Feature).map(|c| c.name.clone()).collect()
}

fn is_header(record: &csv::StringRecord, columns: &[&Column]) -> bool {
    let named = columns.iter().map(|column| column.name.as_str()).eq(record.iter());
    named || (0..columns.len()).map(|n| n.to_string()).eq(record.iter())
}

/// Feature values in contract order, and the label where the file has one.
type Checked = (Vec<Option<f64>>, Option<bool>);

/// Collects checked rows and flaws over several files.
struct Reader<'a> {
    missing: &'a str,
    rows: Vec<Checked>,
    flaws: Flaws,
    too_many: bool,
}

impl<'a> Reader<'a> {
    fn new(contract: &'a DataContract) -> Self {
        Self {
            missing: &contract.missing,
            rows: Vec::new(),
            flaws: Flaws::default(),
            too_many: false,
        }
    }

    /// The records of `file` with their line numbers; blank lines are skipped. A text has no unreadable record.
    fn records<'f>(
        &self,
        file: &'f SourceFile,
    ) -> impl Iterator<Item = (u64, csv::StringRecord)> + use<'f> {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes())
            .into_records()
            .filter_map(Result::ok)
            .map(|record| (record.position().map_or(0, csv::Position::line), record))
    }

    fn read_row(&mut self, file: &str, line: u64, columns: &[&Column], record: &csv::StringRecord) {
        if self.rows.len() == MAX_ROWS {
            self.too_many = true;
            return;
        }
        if record.len() != columns.len() {
            let problem = format!("a row has {} cells, this one {}", columns.len(), record.len());
            self.flaws.add(file, line, None, problem);
            return;
        }
        let mut features = Vec::with_capacity(columns.len());
        let mut label = None;
        for (column, cell) in columns.iter().zip(record) {
            match (check(column, cell, self.missing), column.role) {
                (Err(problem), _) => self.flaws.add(file, line, Some(&column.name), problem),
                (Ok(value), Role::Feature) => features.push(value),
                (Ok(value), Role::Label) => label = value.map(|value| value > 0.0),
                (Ok(_), Role::Ignored) => {}
            }
        }
        self.rows.push((features, label));
    }

    fn finish(self) -> Result<Vec<Checked>, DataError> {
        let rows = self.flaws.or(self.rows)?;
        if self.too_many {
            return Err(DataError::TooManyRows { most: MAX_ROWS });
        }
        if rows.is_empty() { Err(DataError::NoRows) } else { Ok(rows) }
    }
}

/// The cell's value, or what the contract wants instead.
fn check(column: &Column, cell: &str, missing: &str) -> Result<Option<f64>, String> {
    if cell.is_empty() || cell == missing {
        return match column.role {
            Role::Label => Err("is the label and must not be missing".to_owned()),
            Role::Feature | Role::Ignored => Ok(None),
        };
    }
    let value = number::parse(cell).ok_or("is not a number")?;
    let whole = match column.kind {
        ColumnKind::Integer | ColumnKind::Category => true,
        ColumnKind::Number => false,
    };
    let [low, high] = column.range;
    if !(low..=high).contains(&value) {
        Err(format!("is outside {} to {}", number::text(low), number::text(high)))
    } else if whole && value.fract() != 0.0 {
        Err("is not a whole number".to_owned())
    } else if column.role == Role::Label && value != 0.0 && value != 1.0 {
        Err("is the label and must be 0 or 1".to_owned())
    } else {
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Flaw;

    fn contract() -> DataContract {
        let column =
            |name: &str, kind, range, role| Column { name: name.to_owned(), kind, range, role };
        DataContract {
            missing: "?".to_owned(),
            columns: vec![
                column("BI-RADS", ColumnKind::Category, [0.0, 6.0], Role::Ignored),
                column("Age", ColumnKind::Integer, [18.0, 120.0], Role::Feature),
                column("Severity", ColumnKind::Category, [0.0, 1.0], Role::Label),
            ],
        }
    }

    fn file(text: &str) -> [SourceFile; 1] {
        [SourceFile { name: "rows.csv".to_owned(), text: text.to_owned() }]
    }

    fn problems(text: &str) -> Vec<String> {
        match DataSet::read(&file(text), &contract()) {
            Err(DataError::Rows(flaws)) => flaws.listed.iter().map(Flaw::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keeps_features_and_label_and_drops_the_rest() {
        let data =
            DataSet::read(&file("BI-RADS,Age,Severity\n5,67,1\n?, ? ,0\n"), &contract()).unwrap();
        assert_eq!(data.columns, ["Age"]);
        let first = Row { features: vec![Some(67.0)], label: true };
        assert_eq!(data.rows, [first, Row { features: vec![None], label: false }]);
    }

    #[test]
    fn a_question_mark_in_the_label_is_refused() {
        let text = "BI-RADS,Age,Severity\n5,67,1\n5,67,?\n";
        assert_eq!(
            problems(text),
            ["rows.csv:3: column 'Severity' is the label and must not be missing"]
        );
    }

    #[test]
    fn every_bad_cell_is_named_and_none_is_quoted() {
        let found = problems("BI-RADS,Age,Severity\n55,667,2\nx,40.5,1\n4,40\n");
        assert_eq!(
            found,
            [
                "rows.csv:2: column 'BI-RADS' is outside 0 to 6",
                "rows.csv:2: column 'Age' is outside 18 to 120",
                "rows.csv:2: column 'Severity' is outside 0 to 1",
                "rows.csv:3: column 'BI-RADS' is not a number",
                "rows.csv:3: column 'Age' is not a whole number",
                "rows.csv:4: a row has 3 cells, this one 2",
            ]
        );
    }

    #[test]
    fn flaws_beyond_the_bound_are_counted() {
        let text = format!("BI-RADS,Age,Severity\n{}", "5,5,1\n".repeat(25));
        match DataSet::read(&file(&text), &contract()) {
            Err(DataError::Rows(flaws)) => assert_eq!((flaws.listed.len(), flaws.more), (20, 5)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_headerless_file_loses_no_patient_but_is_refused() {
        let refused = DataSet::read(&file("5,67,1\n4,43,0\n"), &contract());
        let expected = "BI-RADS,Age,Severity".to_owned();
        assert_eq!(refused, Err(DataError::Header { file: "rows.csv".to_owned(), expected }));
        assert_eq!(
            DataSet::read(&file("BI-RADS,Age,Severity\n"), &contract()),
            Err(DataError::NoRows)
        );
    }

    #[test]
    fn a_header_of_column_numbers_is_legal() {
        assert_eq!(DataSet::read(&file("0,1,2\n5,67,1\n"), &contract()).unwrap().rows.len(), 1);
    }

    #[test]
    fn a_batch_has_no_label_and_may_lack_ignored_columns() {
        let batch = Batch::read(&file("5,67\n?,\n"), &contract()).unwrap();
        assert_eq!(batch.rows, [vec![Some(67.0)], vec![None]]);
        assert_eq!(Batch::read(&file("67\n44\n"), &contract()).unwrap().rows.len(), 2);
        assert!(Batch::read(&file("BIRADS,Age\n5,67\n"), &contract()).is_err());
    }
}
