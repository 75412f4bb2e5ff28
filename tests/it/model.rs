//! The model's numbers against pandas, scikit-learn and the scripts that run inside SageMaker.
//!
//! Comparisons with plain Python need `python3`; those with scikit-learn or XGBoost need the virtual environment
//! that `scripts/test` makes, and skip with a message without it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests may stop, and say what was skipped"
)]

mod batch;
mod figures;

use super::python::equipped_python;
use relevo::{
    ids::Digest,
    model::{
        Baseline, Batch, DataSet, Examples, Imputer, TreeOptions, auc, difference, prepare,
        preprocess,
    },
    spec::{Column, ColumnKind, DataContract, Role, SourceFile},
};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mammographic() -> SourceFile {
    read(&repository().join("data/mammographic.csv"))
}

fn read(path: &Path) -> SourceFile {
    SourceFile {
        name: path.file_name().unwrap().to_str().unwrap().to_owned(),
        text: fs::read_to_string(path).unwrap(),
    }
}

fn contract() -> DataContract {
    serde_yaml::from_str(&fs::read_to_string(repository().join("data/mammographic.yaml")).unwrap())
        .unwrap()
}

/// UCI's own 961 rows, which are not part of the repository.
fn uci() -> Option<SourceFile> {
    let path = repository().join("../shared/data/mammographic_masses.data");
    if path.exists() {
        return Some(read(&path));
    }
    println!("skipped: {} is not there", path.display());
    None
}

/// Runs `program` on `arguments` with `input`: whether it succeeded, and what it printed and complained of.
#[expect(clippy::disallowed_methods, reason = "the scripts under test are Python")]
fn run(program: &Path, arguments: &[&str], input: &str) -> (bool, String, String) {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(repository())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

fn ask(python: &Path, script: &str, question: &Value) -> Value {
    let (succeeded, answer, complaint) = run(python, &[script], &question.to_string());
    assert!(succeeded, "{complaint}");
    serde_json::from_str(&answer).unwrap()
}

/// A container's `/opt/ml/processing` with data, contract and perhaps an imputer in it.
fn processing_folder(
    files: &[SourceFile],
    contract: &DataContract,
    imputer: Option<&Imputer>,
) -> tempfile::TempDir {
    let base = tempfile::tempdir().unwrap();
    let input = base.path().join("input");
    fs::create_dir_all(input.join("contract")).unwrap();
    fs::write(input.join("contract/contract.json"), serde_json::to_string(contract).unwrap())
        .unwrap();
    for file in files {
        fs::write(input.join(&file.name), &file.text).unwrap();
    }
    if let Some(imputer) = imputer {
        fs::create_dir_all(input.join("imputer")).unwrap();
        fs::write(input.join("imputer/imputer.json"), imputer.to_json()).unwrap();
    }
    base
}

fn assert_python_preprocesses_alike(files: &[SourceFile], contract: &DataContract, seed: u64) {
    let base = processing_folder(files, contract, None);
    let folder = base.path().to_str().unwrap();
    let arguments =
        ["templates/scripts/preprocess.py", "--base-dir", folder, "--seed", &seed.to_string()];
    let (succeeded, _, complaint) = run(Path::new("python3"), &arguments, "");
    match preprocess(files, contract, seed) {
        Ok(written) => {
            assert!(succeeded, "{complaint}");
            for (path, text) in written {
                assert_eq!(
                    fs::read_to_string(base.path().join(path)).unwrap(),
                    text,
                    "{path}, seed {seed}"
                );
            }
        }
        Err(error) => assert_eq!(complaint, format!("preprocess: {error}\n")),
    }
}

#[test]
fn the_shipped_data_obeys_its_contract_and_is_what_its_readme_says() {
    let data = DataSet::read(&[mammographic()], &contract()).unwrap();
    assert_eq!((data.rows.len(), data.positives()), (830, 403));
    assert_eq!(data.columns, ["Age", "Shape", "Margin", "Density"]);
    let readme = fs::read_to_string(repository().join("data/README.md")).unwrap();
    assert!(readme.contains(Digest::of(mammographic().text).as_str()));
}

#[test]
fn prepare_equals_pandas_on_the_uci_file() {
    let Some(uci) = uci() else { return };
    let digests: Vec<(&str, Digest)> =
        prepare(&uci).unwrap().into_iter().map(|(name, text)| (name, Digest::of(text))).collect();
    let recorded = [
        (
            "mammo-train-dataset-part1.csv",
            "1ffef50319b39351a4fca76c63eb182c4d844526bd8e7883035e68d3d59a01bb",
        ),
        (
            "mammo-train-dataset-part2.csv",
            "ecea3ffdd1ccc8c725e3223e51bfd650a133efb78261bdd714debfb8500cce0b",
        ),
        (
            "mammo-batch-dataset.csv",
            "f7a3f10d6c12055dc08d180ee282b4dfc848ebe87b791325b89a8408e2d7250e",
        ),
        (
            "mammo-batch-dataset-outliers.csv",
            "4877384c797b43c586413b581f6b6761ab36f5c1880e309d315058eddeb31a48",
        ),
    ];
    assert_eq!(digests, recorded.map(|(name, digest)| (name, digest.parse().unwrap())));
}

#[test]
fn prepare_equals_pandas_on_the_shipped_file() {
    // recorded from pandas 3.1.1 reading data/mammographic.csv without its header line
    let recorded = [
        "c3be8e14568581f02d2a8c3a917e434c0997efb714b967d63d1d443e38907bb3",
        "437a5ffae8ead60abead0091356623bee7eed4449df14d2aaf830715c46e49d4",
        "7f366a37a513ff259a5136d941e10236a6cd39ba8d72bb5084ab3212446cae01",
        "498fb8f3af58a052e7fb578771c7fb4005693ad829884190e938834aa9af9c69",
    ];
    let digests = prepare(&mammographic()).unwrap().into_iter().map(|(_, text)| Digest::of(text));
    assert_eq!(digests.collect::<Vec<_>>(), recorded.map(|digest| digest.parse().unwrap()));
}

#[test]
fn what_prepare_writes_can_be_trained_on_and_scored() {
    let Some(uci) = uci() else { return };
    let mut files: Vec<SourceFile> = prepare(&uci)
        .unwrap()
        .into_iter()
        .map(|(name, text)| SourceFile { name: name.to_owned(), text })
        .collect();
    let batch = files.split_off(2);
    assert_eq!(DataSet::read(&files, &contract()).unwrap().rows.len(), 913);
    assert_eq!(Batch::read(&batch[..1], &contract()).unwrap().rows.len(), 48);
    for seed in [0, 7, u64::MAX] {
        assert_python_preprocesses_alike(&files, &contract(), seed);
    }
}

#[test]
fn python_and_rust_write_the_same_bytes() {
    for seed in [1, 42] {
        assert_python_preprocesses_alike(&[mammographic()], &contract(), seed);
    }
}

/// A contract of real numbers, and rows that use every form of number, blanks, quotes and both line ends.
fn awkward() -> (SourceFile, DataContract) {
    let column =
        |name: &str, kind, range, role| Column { name: name.to_owned(), kind, range, role };
    let columns = vec![
        column("größe, \"cm\"", ColumnKind::Number, [-1e12, 1e12], Role::Feature),
        column("dose", ColumnKind::Number, [-1.0, 1.0], Role::Feature),
        column("outcome", ColumnKind::Category, [0.0, 1.0], Role::Label),
    ];
    let mut text = "\u{feff}\"größe, \"\"cm\"\"\",dose,outcome\r\n".to_owned();
    for n in 0_i32..160 {
        let size =
            ["", "na", "-0", "1e11", "-123456789.125", "7.10", "0.1"].get(n as usize % 9).copied();
        let size = size.map_or_else(|| format!("{}", f64::from(n) / 7.0), str::to_owned);
        let dose = ["3e-7", "-0.0", " 0.5 ", "\"0.25\""][n as usize % 4];
        text += &format!("{size},{dose},{}{}", n % 2, if n % 3 == 0 { "\r\n" } else { "\n\n" });
    }
    (
        SourceFile { name: "awkward.csv".to_owned(), text },
        DataContract { columns, missing: "na".to_owned() },
    )
}

#[test]
fn python_and_rust_agree_on_awkward_numbers() {
    let (file, contract) = awkward();
    assert!(preprocess(std::slice::from_ref(&file), &contract, 3).is_ok());
    assert_python_preprocesses_alike(&[file], &contract, 3);
}

#[test]
fn python_and_rust_refuse_with_the_same_words() {
    let (header, rows) =
        ("BI-RADS,Age,Shape,Margin,Density,Severity\n", "5,67,3,5,3,1\n4,43,1,1,?,0\n");
    for text in [
        format!("{header}{rows}5,67,3,5,3,?\n"),
        format!("{header}5,x,9,1.5,,2\n5,67\n{}", "1,1,1,1,1,1\n".repeat(30)),
        format!("{header}{rows}"),
        header.to_owned(),
        rows.to_owned(),
        String::new(),
    ] {
        let file = SourceFile { name: "rows.csv".to_owned(), text };
        assert!(preprocess(std::slice::from_ref(&file), &contract(), 1).is_err());
        assert_python_preprocesses_alike(&[file], &contract(), 1);
    }
}

/// SageMaker runs one file per step, so the two scripts carry the same reading code.
#[test]
fn both_preprocessing_scripts_read_cells_with_the_same_code() {
    let cells = |script: &str| {
        let text = fs::read_to_string(repository().join("templates/scripts").join(script)).unwrap();
        let (_, rest) = text.split_once("# --- cells").unwrap();
        let (block, _) = rest.split_once("# --- end of cells").unwrap();
        block.split_once('\n').unwrap().1.to_owned()
    };
    assert_eq!(cells("preprocess.py"), cells("batch_preprocess.py"));
}

#[test]
fn the_lambda_finds_the_model_approved_last() {
    let (succeeded, _, report) =
        run(Path::new("python3"), &["tests/python/test_latest_approved_model.py"], "");
    assert!(succeeded, "{report}");
}

/// What one template asks of the Lambda and the other registers for it must be what the script says.
#[test]
fn the_lambda_and_the_templates_use_the_same_names() {
    let text = |path: &str| fs::read_to_string(repository().join("templates").join(path)).unwrap();
    let (lambda, train, inference) = (
        text("scripts/latest_approved_model.py"),
        text("pipelines/train.json.hbs"),
        text("pipelines/inference.json.hbs"),
    );
    assert!(lambda.contains(r#""CustomerMetadataProperties", {}).get("imputer_uri")"#));
    assert!(train.contains(r#""imputer_uri": {"#));
    let asked: Vec<&str> = inference
        .lines()
        .filter(|line| line.contains(r#""OutputType": "String""#))
        .filter_map(|line| line.split('"').nth(3))
        .collect();
    assert_eq!(asked.len(), 6);
    for name in asked {
        assert!(lambda.contains(&format!("\"{name}\":")), "{name}");
    }
    for argument in ["region", "model_package_group_name"] {
        assert!(inference.contains(&format!("\"{argument}\":")), "{argument}");
        assert!(lambda.contains(&format!("event[\"{argument}\"]")), "{argument}");
    }
    assert!(inference.contains(r#""life_cycle_stage": "{{environment.name}}""#));
    assert!(lambda.contains(r#"event.get("life_cycle_stage")"#));
}

#[test]
fn the_evaluation_script_scores_probabilities_and_opens_no_pickle() {
    let Some(python) = equipped_python() else { return };
    let (succeeded, _, report) = run(&python, &["tests/python/test_evaluate.py"], "");
    assert!(succeeded, "{report}");
}
