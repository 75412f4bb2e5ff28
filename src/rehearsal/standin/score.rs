//! What a trained model says of rows.

use super::{JobFailure, archive, features::Features};
use forust_ml::GradientBooster;

/// Where a model notes how many features it was trained on.
const COLUMNS: &str = "num_feature";

/// Notes how many features the model was trained on; forust does not, and reads past a row that is too short.
pub(super) fn note_columns(booster: &mut GradientBooster, columns: usize) {
    booster.insert_metadata(COLUMNS.to_owned(), columns.to_string());
}

/// The probability of label 1 for each row, by the model in `archive`.
///
/// # Errors
/// The archive holds no model, or one of another number of features.
pub(super) fn score(archive: &[u8], rows: &Features) -> Result<Vec<f64>, JobFailure> {
    let model = archive::unpack(archive).map_err(JobFailure::algorithm)?;
    let model =
        String::from_utf8(model).map_err(|_| JobFailure::algorithm("the model is not JSON"))?;
    let booster = GradientBooster::from_json(&model).map_err(JobFailure::algorithm)?;
    let expected = booster.get_metadata(&COLUMNS.to_owned()).unwrap_or_default();
    if expected != rows.columns().to_string() {
        return Err(JobFailure::client(format!(
            "Feature shape mismatch, expected: {expected}, got {}",
            rows.columns()
        )));
    }
    let margins = booster.predict(&rows.matrix(), false);
    Ok(margins.into_iter().map(|margin| 1.0 / (1.0 + (-margin).exp())).collect())
}
