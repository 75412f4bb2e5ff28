//! P-values and statistics beside those of scipy.

use crate::python::equipped_python;
use relevo::monitor::{Assessment, DriftTest, Evidence, Header, Limits, Table, assess, statistics};
use serde_json::{Value, json};
use std::process::Command;

/// Prints a list of [statistic, p-value] for the list of questions in the first argument.
const SCRIPT: &str = "
import json, sys
from scipy import stats
answers = []
for kind, one, other in json.loads(sys.argv[1]):
    if kind == 'ks':
        found = stats.ks_2samp(one, other, method='exact')
        answers.append([found.statistic, found.pvalue])
    elif kind == 'fisher':
        table = [one, other]
        chi_square = stats.chi2_contingency(table, correction=False).statistic
        answers.append([chi_square, stats.fisher_exact(table).pvalue])
    else:
        found = stats.chi2_contingency([one, other], correction=False)
        answers.append([found.statistic, found.pvalue])
print(json.dumps(answers))
";

#[test]
fn every_test_agrees_with_scipy() {
    let Some(python) = equipped_python() else { return };
    let distinct = |count: u32, step: u32, from: f64| -> Vec<f64> {
        (0..count).map(|n| f64::from(n * step % 10_007) + from).collect()
    };
    let numbers = [
        (distinct(640, 37, 0.0), distinct(48, 211, 0.5)),
        (distinct(640, 37, 0.0), distinct(48, 211, 3_000.5)),
        (distinct(25, 37, 0.0), distinct(2_000, 5, 900.5)),
        (distinct(300, 33, 0.0), distinct(300, 33, 800.5)),
        (distinct(30, 1, 0.0), distinct(1, 1, 99.5)),
    ];
    let counts: [(&[u32], &[u32]); 5] = [
        (&[200, 220, 190], &[10, 20, 18]),
        (&[100, 100, 100, 90, 80], &[50, 40, 60, 45, 30]),
        (&[500, 600, 700], &[400, 900, 550]),
        (&[600, 40], &[40, 8]),
        (&[600, 3], &[47, 1]),
    ];
    let mut questions = Vec::new();
    let mut ours = Vec::new();
    for (one, other) in numbers {
        ours.push(compare(&one, &other));
        questions.push(json!(["ks", one, other]));
    }
    for (one, other) in counts {
        let kind = if one.len() == 2 { "fisher" } else { "chi-square" };
        ours.push(compare(&spread(one), &spread(other)));
        questions.push(json!([kind, one, other]));
    }
    let theirs = ask(&python, &json!(questions));
    for ((question, ours), theirs) in questions.iter().zip(ours).zip(theirs.as_array().unwrap()) {
        let found = &ours.features[0];
        let kind = match found.test {
            DriftTest::KolmogorovSmirnov => "ks",
            DriftTest::FisherExact => "fisher",
            DriftTest::ChiSquare => "chi-square",
        };
        assert_eq!(question[0], kind);
        let [statistic, p_value] = [0, 1].map(|index| theirs[index].as_f64().unwrap());
        assert!(
            (found.statistic - statistic).abs() <= 1e-9 * statistic.max(1.0),
            "{kind}: {found:?} {theirs}"
        );
        assert!((found.p_value - p_value).abs() <= 1e-9, "{kind}: {found:?} {theirs}");
    }
}

fn ask(python: &std::path::Path, questions: &Value) -> Value {
    let output =
        Command::new(python).args(["-c", SCRIPT, &questions.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Numbers 0, 1, 2, … as often as `counts` say.
fn spread(counts: &[u32]) -> Vec<f64> {
    let repeated = (0..).zip(counts).flat_map(|(n, count)| (0..*count).map(move |_| f64::from(n)));
    repeated.collect()
}

fn compare(baseline: &[f64], batch: &[f64]) -> Assessment {
    let of = |numbers: &[f64]| {
        let text: String = numbers.iter().map(|number| format!("{number}\n")).collect();
        statistics(&Table::read([text.as_str()], Header::Absent).unwrap())
    };
    assess(&Evidence {
        baseline_statistics: &of(baseline),
        batch_statistics: &of(batch),
        violations: &[],
        constraints: None,
        names: &[],
        limits: Limits::default(),
    })
    .unwrap()
}
