//! evaluate.py: score the test rows with the trained model.

use super::{
    Files, JobFailure, text,
    train::{Labelled, score},
};
use crate::model;
use serde_json::json;
use std::fmt::Write as _;

const MODEL: &str = "/opt/ml/processing/model/model.tar.gz";
const TEST: &str = "/opt/ml/processing/test/test.csv";
const OUTPUT: &str = "/opt/ml/processing/evaluation";

/// Writes `evaluation.json` and `scores.csv`.
pub(super) fn evaluate(files: &Files) -> Result<Files, JobFailure> {
    let rows = Labelled::read(&[text(files, TEST)?])?;
    let archive = files.get(MODEL);
    let archive =
        archive.ok_or_else(|| JobFailure::algorithm(format!("'{MODEL}' is not there")))?;
    let scores = score(archive, &rows)?;
    let truth = rows.truth();
    let auc = model::auc(&scores, &truth).map_err(JobFailure::algorithm)?;
    let evaluation = json!({
        "classification_metrics": {
            "auc": { "value": auc.value, "standard_deviation": auc.standard_error },
        },
        "rows": truth.len(),
        "positives": truth.iter().filter(|positive| **positive).count(),
    });
    let mut listed = String::from("label,score\n");
    for (positive, score) in truth.iter().zip(&scores) {
        // Writing to a String cannot fail.
        let _ = writeln!(listed, "{},{score}", u8::from(*positive));
    }
    Ok(Files::from([
        (format!("{OUTPUT}/evaluation.json"), evaluation.to_string().into_bytes()),
        (format!("{OUTPUT}/scores.csv"), listed.into_bytes()),
    ]))
}
