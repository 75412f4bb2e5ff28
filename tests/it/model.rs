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

/// Scores of two correlated models with plenty of ties, the same at every run.
fn scored_cases() -> Vec<(Vec<bool>, Vec<f64>, Vec<f64>)> {
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut case = |rows: usize, steps: u64| {
        let mut case = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rows {
            let (label, shared) = (draw(3) == 0, draw(steps));
            let lift = if label { steps / 3 } else { 0 };
            case.0.push(label);
            case.1.push((shared + lift + draw(steps / 2)) as f64 / 7.0);
            case.2.push((shared + draw(steps / 2) + lift / 2) as f64);
        }
        case
    };
    [(40, 6), (124, 12), (500, 1000), (2000, 9)].map(|(rows, steps)| case(rows, steps)).into()
}

#[test]
fn auc_equals_scikit_learn_and_delong_an_independent_reading() {
    let Some(python) = equipped_python() else { return };
    let cases = scored_cases();
    let asked: Vec<Value> = cases
        .iter()
        .map(|(labels, a, b)| {
            let labels: Vec<u8> = labels.iter().map(|label| u8::from(*label)).collect();
            json!({"labels": labels, "a": a, "b": b})
        })
        .collect();
    let answers = ask(&python, "tests/python/check_metrics.py", &json!({"cases": asked}));
    for ((labels, a, b), answer) in cases.iter().zip(answers.as_array().unwrap()) {
        let one = auc(a, labels).unwrap();
        let two = difference(labels, a, b).unwrap();
        for (name, ours) in [
            ("auc", one.value),
            ("standard_error", one.standard_error),
            ("difference", two.value),
            ("difference_error", two.standard_error),
            ("p_value", two.p_value),
        ] {
            let theirs = answer[name].as_f64().unwrap();
            assert!(
                (ours - theirs).abs() < 1e-12,
                "{name} of {} rows: {ours}, {theirs}",
                labels.len()
            );
        }
    }
}

/// The imputed parts that the pipeline trains and judges on.
fn parts(seed: u64) -> [Examples; 3] {
    let files = preprocess(&[mammographic()], &contract(), seed).unwrap();
    let columns = ["Age", "Shape", "Margin", "Density"].map(str::to_owned);
    [0, 1, 2].map(|part| Examples::read(files[part].0, &files[part].1, &columns).unwrap())
}

#[test]
fn the_tree_equals_scikit_learn() {
    let Some(python) = equipped_python() else { return };
    let [train, _, _] = parts(7);
    for (max_depth, min_leaf) in [(3, 10), (5, 1), (5, 20)] {
        // without smoothing a score is the leaf's share, as scikit-learn predicts it
        let tree =
            Baseline::fit(&train, &TreeOptions { max_depth, min_leaf, smoothing: 0.0 }).unwrap();
        let labels: Vec<u8> = train.labels.iter().map(|label| u8::from(*label)).collect();
        let question = json!({
            "features": train.features, "labels": labels, "max_depth": max_depth, "min_leaf": min_leaf
        });
        let answer = ask(&python, "tests/python/check_tree.py", &question);
        assert_eq!(tree.leaves() as u64, answer["leaves"].as_u64().unwrap(), "depth {max_depth}");
        let theirs: Vec<f64> =
            answer["scores"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        let ours = auc(&tree.scores(&train.features), &train.labels).unwrap().value;
        let theirs = auc(&theirs, &train.labels).unwrap().value;
        assert!((ours - theirs).abs() < 1e-12, "depth {max_depth}: {ours}, {theirs}");
    }
}

#[test]
fn the_baseline_of_the_shipped_data_is_a_tree_a_person_can_read() {
    // the seed of the train pipeline
    let [train, _, test] = parts(200);
    let tree = Baseline::fit(&train, &TreeOptions::default()).unwrap();
    let auc = auc(&tree.scores(&test.features), &test.labels).unwrap();
    let figures = format!(
        "AUC {:.4} ({:.4} to {:.4}), {} rows",
        auc.value,
        auc.lower,
        auc.upper,
        test.labels.len()
    );
    insta::assert_snapshot!(format!("{tree}{figures}"), @"
    282 of 580 positive, score 0.486
      Margin <= 1.5: 30 of 236 positive, score 0.130
        Age <= 64.5: 19 of 204 positive, score 0.097
          Age <= 40.5: 1 of 64 positive, score 0.030
          Age >  40.5: 18 of 140 positive, score 0.134
        Age >  64.5: 11 of 32 positive, score 0.353
          Shape <= 1.5: 7 of 16 positive, score 0.444
          Shape >  1.5: 4 of 16 positive, score 0.278
      Margin >  1.5: 252 of 344 positive, score 0.731
        Shape <= 3.5: 51 of 95 positive, score 0.536
          Age <= 54.5: 9 of 33 positive, score 0.286
          Age >  54.5: 42 of 62 positive, score 0.672
        Shape >  3.5: 201 of 249 positive, score 0.805
          Age <= 64.5: 109 of 146 positive, score 0.743
          Age >  64.5: 92 of 103 positive, score 0.886
    AUC 0.8716 (0.7956 to 0.9221), 124 rows
    ");
}
