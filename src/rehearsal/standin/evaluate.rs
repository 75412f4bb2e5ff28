//! evaluate.py: score the test rows with the trained model, and with the champion where there is one.

use super::{Files, JobFailure, score::score, text, train::Labelled};
use crate::{ids::Digest, model};
use serde_json::{Value, json};
use std::fmt::Write as _;

const MODEL: &str = "/opt/ml/processing/model/model.tar.gz";
const CHAMPION: &str = "/opt/ml/processing/champion/model.tar.gz";
const TEST: &str = "/opt/ml/processing/test/test.csv";
const OUTPUT: &str = "/opt/ml/processing/evaluation";

/// Writes `evaluation.json`, `scores.csv` and, of a champion that can score the rows, `champion_scores.csv`.
pub(super) fn evaluate(files: &Files) -> Result<Files, JobFailure> {
    let rows = Labelled::read(&[text(files, TEST)?])?;
    let archive = files.get(MODEL);
    let archive =
        archive.ok_or_else(|| JobFailure::algorithm(format!("'{MODEL}' is not there")))?;
    let (auc, scores) = judge(archive, &rows)?;
    let champion = files.get(CHAMPION).map(|archive| judge_champion(archive, &rows));
    let (section, champion_scores) = champion.unzip();
    let champion_scores = champion_scores.flatten().unwrap_or_default();
    let truth = rows.truth();
    let mut evaluation = json!({
        "classification_metrics": { "auc": auc },
        "rows": truth.len(),
        "positives": truth.iter().filter(|positive| **positive).count(),
        "evidence_digest": Digest::of(format!("{scores}{champion_scores}")),
    });
    if let Some(section) = section {
        evaluation["champion"] = section;
    }
    let written = [
        ("evaluation.json", evaluation.to_string()),
        ("scores.csv", scores),
        ("champion_scores.csv", champion_scores),
    ];
    let written = written.into_iter().filter(|(_, content)| !content.is_empty());
    Ok(written.map(|(name, text)| (format!("{OUTPUT}/{name}"), text.into_bytes())).collect())
}

/// The AUC of a model on the rows, and its scores as CSV.
fn judge(archive: &[u8], rows: &Labelled) -> Result<(Value, String), JobFailure> {
    let (scores, truth) = (score(archive, &rows.features)?, rows.truth());
    let auc = model::auc(&scores, &truth).map_err(JobFailure::algorithm)?;
    let mut listed = String::from("label,score\n");
    for (positive, score) in truth.iter().zip(&scores) {
        // Writing to a String cannot fail.
        let _ = writeln!(listed, "{},{score}", u8::from(*positive));
    }
    Ok((json!({ "value": auc.value, "standard_deviation": auc.standard_error }), listed))
}

/// What evaluation.json says of the champion, and its scores; one that cannot score these rows stops nothing.
fn judge_champion(archive: &[u8], rows: &Labelled) -> (Value, Option<String>) {
    let model_digest = Digest::of(archive);
    match judge(archive, rows) {
        Ok((auc, scores)) => (json!({ "model_digest": model_digest, "auc": auc }), Some(scores)),
        Err(failure) => {
            (json!({ "model_digest": model_digest, "problem": failure.to_string() }), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::train::train, *};
    use std::collections::BTreeMap;

    /// Label 1 above 50, with one exception in `odd`.
    fn rows(from: u32, odd: u32) -> Vec<u8> {
        let line = |row: u32| {
            let x = row * 37 % 100;
            format!("{},{x},{}\n", u8::from((x > 50) != row.is_multiple_of(odd)), row % 7)
        };
        (from..from + 200).map(line).collect::<String>().into_bytes()
    }

    fn model(odd: u32) -> Vec<u8> {
        let parameters = BTreeMap::from([
            ("num_round".to_owned(), "10".to_owned()),
            ("objective".to_owned(), "binary:logistic".to_owned()),
        ]);
        let channel = "/opt/ml/input/data/train/train.csv".to_owned();
        train(&parameters, &Files::from([(channel, rows(0, odd))])).unwrap()
    }

    fn evaluated(champion: Option<Vec<u8>>) -> (Value, Files) {
        let mut files =
            Files::from([(MODEL.to_owned(), model(10)), (TEST.to_owned(), rows(1_000, 10))]);
        files.extend(champion.map(|archive| (CHAMPION.to_owned(), archive)));
        let written = evaluate(&files).unwrap();
        let report = &written[&format!("{OUTPUT}/evaluation.json")];
        (serde_json::from_slice(report).unwrap(), written)
    }

    #[test]
    fn a_champion_is_scored_on_the_same_rows() {
        let champion = model(3);
        let (report, written) = evaluated(Some(champion.clone()));
        assert_eq!(report["champion"]["model_digest"], Digest::of(champion).as_str());
        let value = |auc: &Value| auc["value"].as_f64().unwrap();
        let challenger = value(&report["classification_metrics"]["auc"]);
        assert!(value(&report["champion"]["auc"]) < challenger, "{report}");
        let [scores, theirs] = ["scores.csv", "champion_scores.csv"]
            .map(|name| written[&format!("{OUTPUT}/{name}")].clone());
        assert_eq!(report["evidence_digest"], Digest::of([scores, theirs].concat()).as_str());
    }

    #[test]
    fn without_a_champion_nothing_is_said_of_one() {
        let (report, written) = evaluated(None);
        assert_eq!(report.get("champion"), None);
        assert_eq!(written.len(), 2);
    }

    #[test]
    fn a_champion_that_cannot_be_read_stops_nothing() {
        let (report, written) = evaluated(Some(b"no model".to_vec()));
        assert!(report["champion"]["problem"].is_string(), "{report}");
        assert_eq!(written.len(), 2);
    }
}
