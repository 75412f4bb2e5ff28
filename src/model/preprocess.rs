//! The processing step as a function: data files in, the step's output files out.

use super::{
    data_set::DataSet,
    flaw::DataError,
    imputer::Imputer,
    number,
    split::{Split, split},
};
use crate::spec::{DataContract, SourceFile};

/// What `preprocess.py` writes under `/opt/ml/processing`, byte for byte: paths with their content.
///
/// # Errors
/// [`DataError`] if a file breaks the contract or a part of the split cannot be used.
pub fn preprocess(
    files: &[SourceFile],
    contract: &DataContract,
    seed: u64,
) -> Result<Vec<(&'static str, String)>, DataError> {
    let data = DataSet::read(files, contract)?;
    let Split { train, validation, test } = split(&data, seed);
    for (part, name) in [(&train, "train"), (&validation, "validation"), (&test, "test")] {
        has_both_classes(part, name)?;
    }
    let imputer = Imputer::fit(&train)?;
    Ok(vec![
        ("train/train.csv", labelled(&train, &imputer)),
        ("validation/validation.csv", labelled(&validation, &imputer)),
        ("test/test.csv", labelled(&test, &imputer)),
        ("baseline/baseline.csv", raw(&train)),
        ("imputer/imputer.json", imputer.to_json()),
    ])
}

fn has_both_classes(part: &DataSet, name: &'static str) -> Result<(), DataError> {
    match part.positives() {
        0 => Err(DataError::TooSmall { part: name, label: 1 }),
        all if all == part.rows.len() => Err(DataError::TooSmall { part: name, label: 0 }),
        _ => Ok(()),
    }
}

/// Label first, then the imputed features; no header, as the XGBoost container wants it.
fn labelled(part: &DataSet, imputer: &Imputer) -> String {
    let line = |row: &super::Row| {
        let features = number::row_text(imputer.apply(&row.features).into_iter().map(Some));
        format!("{},{features}\n", u8::from(row.label))
    };
    part.rows.iter().map(line).collect()
}

/// Features as they were read, blanks included, so that the drift baseline knows what share is missing.
fn raw(part: &DataSet) -> String {
    part.rows.iter().map(|row| number::row_text(row.features.iter().copied()) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Column, ColumnKind, Role};
    use proptest::prelude::*;

    fn contract() -> DataContract {
        let column = |name: &str, high, role| Column {
            name: name.to_owned(),
            kind: ColumnKind::Integer,
            range: [0.0, high],
            role,
        };
        let columns =
            vec![column("Age", 999.0, Role::Feature), column("Severity", 1.0, Role::Label)];
        DataContract { missing: "?".to_owned(), columns }
    }

    fn file(text: String) -> [SourceFile; 1] {
        [SourceFile { name: "rows.csv".to_owned(), text }]
    }

    #[test]
    fn a_set_too_small_to_judge_on_is_refused() {
        let refused = preprocess(&file("Age,Severity\n40,0\n50,1\n".to_owned()), &contract(), 1);
        assert!(matches!(refused, Err(DataError::TooSmall { .. })), "{refused:?}");
    }

    proptest! {
        /// The shipped medians are those of the training part alone, whatever stands in the others.
        #[test]
        fn the_imputer_never_sees_test_rows(ages in proptest::collection::vec(0_u32..999, 60..120), seed: u64) {
            let rows: Vec<String> =
                ages.iter().enumerate().map(|(n, age)| format!("{age},{}\n", n % 2)).collect();
            let data = DataSet::read(&file(format!("Age,Severity\n{}", rows.concat())), &contract()).unwrap();
            let train = split(&data, seed).train;
            let written = preprocess(&file(format!("Age,Severity\n{}", rows.concat())), &contract(), seed);
            prop_assume!(written.is_ok());
            let imputer = Imputer::fit(&train).unwrap().to_json();
            prop_assert_eq!(&written.unwrap()[4].1, &imputer);
        }
    }
}
