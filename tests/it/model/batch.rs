//! batch_preprocess.py against its twin in Rust: same bytes, same refusals.

use super::{awkward, contract, mammographic, processing_folder, run};
use relevo::{
    model::{DataSet, Imputer, batch_preprocess, split},
    spec::{DataContract, SourceFile},
};
use std::{fs, path::Path};

fn fitted(file: SourceFile, contract: &DataContract) -> Imputer {
    Imputer::fit(&split(&DataSet::read(&[file], contract).unwrap(), 7).train).unwrap()
}

/// What the script wrote, or what it complained of.
fn by_python(
    files: &[SourceFile],
    contract: &DataContract,
    imputer: &Imputer,
) -> Result<String, String> {
    let base = processing_folder(files, contract, Some(imputer));
    let folder = base.path().to_str().unwrap();
    let arguments = ["templates/scripts/batch_preprocess.py", "--base-dir", folder];
    let (succeeded, printed, complaint) = run(Path::new("python3"), &arguments, "");
    if !succeeded {
        return Err(complaint.trim_end().to_owned());
    }
    let written = fs::read_to_string(base.path().join("batch/batch.csv")).unwrap();
    assert!(
        printed.starts_with(&format!("batch: {} rows, ", written.lines().count())),
        "{printed}"
    );
    Ok(written)
}

fn assert_alike(texts: &[String], contract: &DataContract, imputer: &Imputer) {
    let name = |number: usize| format!("part{number}.csv");
    let files: Vec<SourceFile> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| SourceFile { name: name(number), text: text.clone() })
        .collect();
    let rust = batch_preprocess(&files, contract, imputer)
        .map_err(|flaw| format!("batch_preprocess: {flaw}"));
    assert_eq!(by_python(&files, contract, imputer), rust);
}

/// Rows of legal and missing cells in every form that the contract lets in, with and without the ignored column.
fn rows(seed: usize) -> String {
    let pick = |row: usize, column: usize, cells: &[&str]| {
        let place = (seed + 1) * (row * 31 + column * 17 + 7) * 2_654_435_761;
        cells[(place >> 13) % cells.len()].to_owned()
    };
    let row = |row: usize| {
        let ages = ["18", "65.0", "?", "", "\"70\"", " 44 ", "1.2e2", "99"];
        let few = ["1", "2.0", "?", "", " 3", "4"];
        let mut cells: Vec<String> = vec![pick(row, 0, &ages)];
        cells.extend((1..4).map(|column| pick(row, column, &few)));
        if (row + seed).is_multiple_of(3) {
            cells.insert(0, pick(row, 4, &["5", "?", "", "55"]));
        }
        cells.join(",") + if row.is_multiple_of(4) { "\r\n" } else { "\n\n" }
    };
    (0..40).map(row).collect()
}

#[test]
fn batches_with_blanks_come_out_the_same() {
    let imputer = fitted(mammographic(), &contract());
    for seed in 0..5 {
        assert_alike(&[rows(seed), rows(seed + 100)], &contract(), &imputer);
    }
    let (file, contract) = awkward();
    let cells = ["na,3e-7", "-0,0.125", "123456789.125, -0.0", ",\"0.25\""];
    let text: String = cells.map(|cells| format!("{cells}\n")).concat();
    assert_alike(&[text], &contract, &fitted(file, &contract));
}

#[test]
fn batches_that_break_the_contract_are_refused_with_the_same_words() {
    let imputer = fitted(mammographic(), &contract());
    for text in ["", "Age,Shape,Margin,Density\n65,1,1,1\n", "200,1,9,1.5\n65,1\nx,1,1,1\n"] {
        assert_alike(&[text.to_owned()], &contract(), &imputer);
    }
    let many = "x,y,z,\n".repeat(30);
    assert_alike(&[many], &contract(), &imputer);
    let (file, other) = awkward();
    assert_alike(&["65,4,4,3\n".to_owned()], &contract(), &fitted(file, &other));
}
