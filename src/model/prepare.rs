//! The split that the reference's notebook makes with pandas, made again to the byte.

use super::{
    flaw::{DataError, Flaws},
    imputer::median,
    mersenne::MersenneTwister,
};
use crate::spec::SourceFile;

/// The notebook's seed, of both samples.
const SEED: u32 = 200;
/// Share of all rows that becomes the batch.
const BATCH_SHARE: f64 = 0.05;
/// Share of the remaining rows that becomes the second training part.
const SECOND_PART_SHARE: f64 = 0.1;
/// Columns of the UCI file; the last one is the label.
const NAMES: [&str; 6] = ["BIRADS", "Age", "Shape", "Margin", "Density", "Severity"];
/// Stands for a missing value in the UCI file.
const MISSING: &str = "?";
/// Digits of a whole number that prints the same as an integer and as a float.
const MAX_DIGITS: usize = 15;

/// Splits a file of UCI's form, with or without a header line, into the notebook's four files: two training parts
/// (822 and 91 of 961 rows), a batch without label and blanks (48), and the same batch with a header and its
/// blanks, which the notebook calls outliers.
///
/// # Errors
/// [`DataError`] if a cell is neither a whole number nor `?`, a label is missing, or a part comes out empty.
pub fn prepare(file: &SourceFile) -> Result<Vec<(&'static str, String)>, DataError> {
    let rows = read(file)?;
    let (batch, rest) = sample(rows, BATCH_SHARE);
    let (second, first) = sample(rest, SECOND_PART_SHARE);
    if batch.is_empty() || second.is_empty() {
        return Err(DataError::NoRows);
    }
    let values: Vec<[Option<f64>; 5]> = batch.iter().map(|row| features(row)).collect();
    Ok(vec![
        ("mammo-train-dataset-part1.csv", training(&first)),
        ("mammo-train-dataset-part2.csv", training(&second)),
        ("mammo-batch-dataset.csv", imputed(&values)?),
        ("mammo-batch-dataset-outliers.csv", with_blanks(&values)),
    ])
}

type Record = Vec<String>;

fn read(file: &SourceFile) -> Result<Vec<Record>, DataError> {
    let mut rows: Vec<Record> = Vec::new();
    let mut flaws = Flaws::default();
    for (number, line) in (1..).zip(file.text.lines()) {
        let cells: Record = line.split(',').map(|cell| cell.trim().to_owned()).collect();
        let is_header = number == 1 && cells.first().is_some_and(|cell| !is_legal(cell));
        if is_header || line.trim().is_empty() {
            continue;
        }
        if cells.len() != NAMES.len() {
            let problem = format!("a row has {} cells, this one {}", NAMES.len(), cells.len());
            flaws.add(&file.name, number, None, problem);
            continue;
        }
        for (name, cell) in NAMES.into_iter().zip(&cells) {
            if name == "Severity" && cell == MISSING {
                flaws.add(&file.name, number, Some(name), "is the label and must not be missing");
            } else if !is_legal(cell) {
                flaws.add(&file.name, number, Some(name), "is neither a whole number nor '?'");
            }
        }
        rows.push(cells);
    }
    flaws.or(rows)
}

/// A whole number as pandas would write it, or the missing mark.
fn is_legal(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let plain = !digits.is_empty()
        && digits.len() <= MAX_DIGITS
        && digits.bytes().all(|b| b.is_ascii_digit());
    cell == MISSING || (plain && (!digits.starts_with('0') || cell == "0"))
}

/// `DataFrame.sample(frac=share, random_state=200)`, and what it left in its old order.
fn sample(rows: Vec<Record>, share: f64) -> (Vec<Record>, Vec<Record>) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share below one of a row count is a row count"
    )]
    let size = (share * rows.len() as f64).round_ties_even() as usize;
    let mut order = MersenneTwister::seeded(SEED).permutation(rows.len());
    order.truncate(size);
    let mut rows: Vec<Option<Record>> = rows.into_iter().map(Some).collect();
    let taken = order.into_iter().filter_map(|index| rows.get_mut(index)?.take()).collect();
    (taken, rows.into_iter().flatten().collect())
}

/// pandas names unnamed columns by their number.
fn training(rows: &[Record]) -> String {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    std::iter::once("0,1,2,3,4,5\n".to_owned()).chain(lines).collect()
}

fn features(row: &[String]) -> [Option<f64>; 5] {
    std::array::from_fn(|index| row.get(index).and_then(|cell| cell.parse().ok()))
}

/// Blanks filled with the batch's own medians, as the notebook does; every number as a float, no header.
fn imputed(rows: &[[Option<f64>; 5]]) -> Result<String, DataError> {
    let mut medians = [0.0; 5];
    for (index, slot) in medians.iter_mut().enumerate() {
        *slot = median(rows.iter().filter_map(|row| row[index]).collect())
            .ok_or_else(|| DataError::EmptyColumn { column: NAMES[index].to_owned() })?;
    }
    let filled =
        |row: &[Option<f64>; 5]| std::array::from_fn(|index| row[index].or(Some(medians[index])));
    Ok(rows.iter().map(|row| line(&filled(row))).collect())
}

fn with_blanks(rows: &[[Option<f64>; 5]]) -> String {
    let header = NAMES[..5].join(",") + "\n";
    std::iter::once(header).chain(rows.iter().map(line)).collect()
}

/// `{:?}` writes a whole float as `4.0`, which is what pandas does.
fn line(row: &[Option<f64>; 5]) -> String {
    row.map(|value| value.map(|value| format!("{value:?}")).unwrap_or_default()).join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rows: usize, line: &str) -> SourceFile {
        SourceFile { name: "uci.data".to_owned(), text: line.repeat(rows) }
    }

    #[test]
    fn sizes_are_rounded_half_to_even() {
        // 0.05 * 50 = 2.5 -> 2 batch rows; 0.1 * 48 = 4.8 -> 5
        let files = prepare(&file(50, "4,43,1,1,3,1\n")).unwrap();
        let lines: Vec<usize> = files.iter().map(|(_, text)| text.lines().count()).collect();
        assert_eq!(lines, [44, 6, 2, 3]);
    }

    #[test]
    fn a_missing_label_is_refused_and_a_missing_feature_is_not() {
        let refused = prepare(&file(50, "4,43,1,1,3,?\n"));
        assert!(
            matches!(refused, Err(DataError::Rows(flaws)) if flaws.listed.len() == 20 && flaws.more == 30)
        );
        assert!(prepare(&file(50, "?,43,1,1,3,1\n4,43,1,1,3,0\n")).is_ok());
    }

    #[test]
    fn a_batch_column_without_any_value_cannot_be_filled() {
        let refused = prepare(&file(50, "4,43,1,1,?,1\n"));
        assert_eq!(refused, Err(DataError::EmptyColumn { column: "Density".to_owned() }));
    }

    #[test]
    fn what_pandas_would_rewrite_is_refused() {
        for cell in ["03", "3.0", "", "-0", "x", "1234567890123456"] {
            assert!(prepare(&file(50, &format!("4,{cell},1,1,3,1\n"))).is_err(), "{cell}");
        }
        assert_eq!(prepare(&file(3, "4,43,1,1,3,1\n")), Err(DataError::NoRows));
    }
}
