//! Fits the baseline tree and scikit-learn's `DecisionTreeClassifier` to the same rows and prints both times.
//!
//! `cargo bench --bench baseline`. The rows are drawn with replacement from data/mammographic.csv, once as they are
//! and once with noise that makes every value different; scikit-learn is the one of the virtual environment that
//! `scripts/test` makes, or of RELEVO_PYTHON.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and starts Python")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark may stop and prints"
)]

use relevo::model::{Baseline, Examples, TreeOptions};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

/// Fits per measurement; the fastest counts.
const REPEATS: u32 = 3;

fn main() {
    let rows = read_rows();
    println!("{:>9}  {:<9} {:>10} {:>14} {:>6}", "rows", "values", "ours", "scikit-learn", "ratio");
    for count in [100_000, 1_000_000] {
        for noise in [0.0, 1e-3] {
            let examples = draw(&rows, count, noise);
            let (ours, theirs) = (time_ours(&examples), time_theirs(&examples));
            let kind = if noise > 0.0 { "distinct" } else { "tied" };
            match theirs {
                Some(theirs) => {
                    println!(
                        "{count:>9}  {kind:<9} {ours:>9.3}s {theirs:>13.3}s {:>6.2}",
                        ours / theirs
                    );
                }
                None => println!(
                    "{count:>9}  {kind:<9} {ours:>9.3}s  (scripts/test installs scikit-learn)"
                ),
            }
        }
    }
}

/// Five features and the label of each shipped row.
fn read_rows() -> Vec<(Vec<f64>, bool)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/mammographic.csv");
    let text = fs::read_to_string(path).unwrap();
    let numbers =
        |line: &str| line.split(',').map(|cell| cell.parse().unwrap()).collect::<Vec<f64>>();
    let row = |mut cells: Vec<f64>| {
        let label = cells.pop() == Some(1.0);
        (cells, label)
    };
    text.lines().skip(1).map(|line| row(numbers(line))).collect()
}

fn draw(rows: &[(Vec<f64>, bool)], count: usize, noise: f64) -> Examples {
    let mut state = 1_u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let columns = (0..5).map(|n| format!("feature {n}")).collect();
    let mut examples = Examples {
        columns,
        features: Vec::with_capacity(count),
        labels: Vec::with_capacity(count),
    };
    for _ in 0..count {
        let (values, label) = &rows[(next() * rows.len() as f64) as usize];
        examples.features.push(values.iter().map(|value| value + noise * next()).collect());
        examples.labels.push(*label);
    }
    examples
}

fn time_ours(examples: &Examples) -> f64 {
    let fit = || {
        let start = Instant::now();
        let tree = Baseline::fit(examples, &TreeOptions::default()).unwrap();
        assert!(tree.leaves() > 1);
        start.elapsed().as_secs_f64()
    };
    (0..REPEATS).map(|_| fit()).fold(f64::INFINITY, f64::min)
}

/// Seconds of the same fits in scikit-learn, without loading the rows; `None` without such a Python.
fn time_theirs(examples: &Examples) -> Option<f64> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let python = std::env::var_os("RELEVO_PYTHON").map_or(built, PathBuf::from);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.f64");
    let cells = examples
        .features
        .iter()
        .zip(&examples.labels)
        .flat_map(|(row, label)| row.iter().copied().chain([f64::from(u8::from(*label))]));
    fs::write(&file, cells.flat_map(f64::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let options = TreeOptions::default();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/baseline.py");
    let numbers = [examples.columns.len() as u32, options.max_depth, options.min_leaf, REPEATS];
    let output = Command::new(python)
        .arg(script)
        .arg(&file)
        .args(numbers.map(|n| n.to_string()))
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
