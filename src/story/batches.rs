//! What comes in: batches drawn from the data set, clean or shifted, and labelled rows that arrive later.
//!
//! Every draw is decided by a seed and a name alone: the same story draws the same rows.

use crate::{
    ids::Digest,
    model::{DataError, DataSet},
    project::Training,
    spec::{ColumnKind, DataContract, Role},
};
use std::collections::BTreeSet;

/// Rows of one batch: as many as the example's own batch had.
pub const BATCH_ROWS: usize = 48;
/// Labelled rows that arrive after a drift.
pub const ARRIVED_ROWS: usize = 192;

/// The data set that batches are drawn from.
#[derive(Clone)]
pub struct Population {
    contract: DataContract,
    /// Cells in contract order; a missing one is blank.
    rows: Vec<Vec<String>>,
    shift: Option<Shift>,
}

/// How drifted rows differ from the data set's.
#[derive(Debug, Clone, PartialEq)]
pub struct Shift {
    /// Which column, by its name.
    pub column: String,
    /// By how much: one standard deviation of its values.
    pub by: f64,
    index: usize,
}

/// Whether rows are as the model knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Drawn as they are.
    Clean,
    /// Drawn, then shifted.
    Shifted,
}

/// One draw: its name in the story, how many rows, and of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// The story's seed.
    pub seed: u64,
    /// The day it is for; two draws of one day differ by their kind and count.
    pub day: u32,
    /// How many rows, at most all.
    pub rows: usize,
    /// As they are, or shifted.
    pub kind: Kind,
}

impl Population {
    /// Takes the rows of a labelled data set.
    ///
    /// # Errors
    /// A row breaks the contract.
    pub fn read(training: &Training) -> Result<Self, DataError> {
        let Training { source, contract } = training;
        DataSet::read(std::slice::from_ref(source), contract)?;
        let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let cell = |cell: &str| if cell == contract.missing { "" } else { cell }.to_owned();
        let records = reader.records().filter_map(Result::ok);
        let rows: Vec<Vec<String>> =
            records.map(|record| record.iter().map(cell).collect()).collect();
        let shift = shift(contract, &rows);
        Ok(Self { contract: contract.clone(), rows, shift })
    }

    /// How drifted rows differ, where the data set has a column that can.
    #[must_use]
    pub fn shift(&self) -> Option<&Shift> {
        self.shift.as_ref()
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// A batch for the inference pipeline: no header, the features alone, as in the baseline it is held against.
    #[must_use]
    pub fn batch(&self, draw: Draw) -> String {
        let kept: Vec<usize> = self.columns(|role| role == Role::Feature);
        self.text(draw, &kept)
    }

    /// Labelled rows with their header, as they would arrive once their outcome is known.
    #[must_use]
    pub fn labelled(&self, draw: Draw) -> String {
        let kept = self.columns(|_| true);
        let names: Vec<&str> = self.contract.columns.iter().map(|c| c.name.as_str()).collect();
        format!("{}\n{}", names.join(","), self.text(draw, &kept))
    }

    fn columns(&self, keep: impl Fn(Role) -> bool) -> Vec<usize> {
        let columns = self.contract.columns.iter().enumerate();
        columns.filter(|(_, column)| keep(column.role)).map(|(index, _)| index).collect()
    }

    fn text(&self, draw: Draw, kept: &[usize]) -> String {
        let mut text = String::new();
        for index in chosen(draw, self.rows.len()) {
            let Some(row) = self.rows.get(index) else { continue };
            let cells: Vec<String> = kept.iter().map(|&at| self.cell(row, at, draw.kind)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    }

    fn cell(&self, row: &[String], at: usize, kind: Kind) -> String {
        let cell = row.get(at).map(String::as_str).unwrap_or_default();
        let shift = self.shift.as_ref().filter(|shift| kind == Kind::Shifted && shift.index == at);
        match (shift, cell.parse::<f64>(), self.contract.columns.get(at)) {
            (Some(shift), Ok(value), Some(column)) => {
                let [low, high] = column.range;
                let moved = match column.kind {
                    ColumnKind::Integer | ColumnKind::Category => (value + shift.by).round(),
                    ColumnKind::Number => value + shift.by,
                };
                // A value out of range would be a data defect, and drift is what is wanted.
                moved.clamp(low, high).to_string()
            }
            _ => cell.to_owned(),
        }
    }
}

/// The numeric feature with the most distinct values, and its standard deviation.
fn shift(contract: &DataContract, rows: &[Vec<String>]) -> Option<Shift> {
    let mut best: Option<(usize, Shift)> = None;
    for (index, column) in contract.columns.iter().enumerate() {
        let is_numeric = match column.kind {
            ColumnKind::Integer | ColumnKind::Number => column.role == Role::Feature,
            ColumnKind::Category => false,
        };
        if !is_numeric {
            continue;
        }
        let cells = rows.iter().filter_map(|row| row.get(index)?.parse::<f64>().ok());
        let values: Vec<f64> = cells.collect();
        let distinct = values.iter().map(|value| value.to_bits()).collect::<BTreeSet<_>>().len();
        if best.as_ref().is_none_or(|(most, _)| distinct > *most) {
            let by = standard_deviation(&values);
            best = Some((distinct, Shift { column: column.name.clone(), by, index }));
        }
    }
    best.map(|(_, shift)| shift).filter(|shift| shift.by > 0.0)
}

#[expect(clippy::cast_precision_loss, reason = "row counts stay far below 2^52")]
fn standard_deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (count - 1.0)).sqrt()
}

/// Which of `count` rows are drawn, each once: the digests of seed, day and a counter say so one after another.
fn chosen(draw: Draw, count: usize) -> Vec<usize> {
    let wanted = draw.rows.min(count);
    let (mut taken, mut order) = (BTreeSet::new(), Vec::with_capacity(wanted));
    let mut counter = 0_u64;
    while order.len() < wanted {
        let Draw { seed, day, rows, kind } = draw;
        let digest = Digest::of(format!("{seed} {day} {rows} {kind:?} {counter}"));
        let (start, _) = digest.as_str().split_at(15);
        let number = usize::from_str_radix(start, 16).unwrap_or_default();
        if taken.insert(number % count) {
            order.push(number % count);
        }
        counter += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{SourceFile, check_data_contract};
    use proptest::prelude::*;

    fn file(name: &str, text: &str) -> SourceFile {
        SourceFile { name: name.to_owned(), text: text.to_owned() }
    }

    fn example() -> Population {
        let contract = include_str!("../../data/mammographic.yaml");
        let contract = check_data_contract(&file("data.yaml", contract)).unwrap();
        let source = file("data.csv", include_str!("../../data/mammographic.csv"));
        Population::read(&Training { source, contract }).unwrap()
    }

    fn draw(kind: Kind) -> Draw {
        Draw { seed: 1, day: 3, rows: BATCH_ROWS, kind }
    }

    fn mean_age(batch: &str) -> f64 {
        let ages =
            batch.lines().map(|line| line.split(',').next().unwrap().parse::<f64>().unwrap());
        ages.sum::<f64>() / batch.lines().count() as f64
    }

    #[test]
    fn the_example_drifts_in_age_by_its_standard_deviation() {
        let population = example();
        let shift = population.shift().unwrap();
        assert_eq!(shift.column, "Age");
        assert!((shift.by - 14.67).abs() < 0.01, "{}", shift.by);
    }

    #[test]
    fn a_batch_has_the_features_and_no_header() {
        let batch = example().batch(draw(Kind::Clean));
        assert_eq!(batch.lines().count(), BATCH_ROWS);
        assert!(batch.lines().all(|line| line.split(',').count() == 4), "{batch}");
    }

    #[test]
    fn shifted_rows_are_older_by_about_the_shift() {
        let population = example();
        let age = |kind| mean_age(&population.batch(Draw { rows: 830, ..draw(kind) }));
        let apart = age(Kind::Shifted) - age(Kind::Clean);
        assert!((14.0..15.5).contains(&apart), "{apart}");
    }

    #[test]
    fn the_same_draw_gives_the_same_rows_and_another_night_gives_others() {
        let population = example();
        let first = population.batch(draw(Kind::Clean));
        assert_eq!(first, population.batch(draw(Kind::Clean)));
        assert_ne!(first, population.batch(Draw { day: 4, ..draw(Kind::Clean) }));
    }

    #[test]
    fn labelled_rows_meet_the_contract() {
        let population = example();
        for kind in [Kind::Clean, Kind::Shifted] {
            let text = population.labelled(Draw { rows: ARRIVED_ROWS, ..draw(kind) });
            let set = DataSet::read(&[file("arrived.csv", &text)], &population.contract).unwrap();
            assert_eq!(set.rows.len(), ARRIVED_ROWS);
        }
    }

    #[test]
    fn without_a_numeric_feature_nothing_can_be_shifted() {
        let contract = "missing: '?'\ncolumns:\n  - { name: a, kind: category, range: [0, 9], role: feature }\n  - { name: y, kind: category, range: [0, 1], role: label }\n";
        let contract = check_data_contract(&file("d.yaml", contract)).unwrap();
        let training = Training { source: file("d.csv", "a,y\n1,0\n2,1\n?,1\n"), contract };
        let population = Population::read(&training).unwrap();
        assert_eq!(population.shift(), None);
        let all = Draw { rows: 3, ..draw(Kind::Shifted) };
        let mut lines: Vec<String> = population.batch(all).lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["", "1", "2"]);
    }

    proptest! {
        #[test]
        fn no_row_is_drawn_twice(seed: u64, rows in 0..100_usize, count in 1..60_usize) {
            let order = chosen(Draw { seed, day: 1, rows, kind: Kind::Clean }, count);
            let distinct: BTreeSet<usize> = order.iter().copied().collect();
            prop_assert_eq!(distinct.len(), order.len());
            prop_assert_eq!(order.len(), rows.min(count));
            prop_assert!(order.iter().all(|index| *index < count));
        }
    }
}
