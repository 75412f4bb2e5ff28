//! batch_preprocess.py: check and impute a batch.

use super::{Files, JobFailure, csv_files, text};
use crate::{
    model::{self, Imputer},
    spec::DataContract,
};

const INPUT: &str = "/opt/ml/processing/input";
const CONTRACT: &str = "/opt/ml/processing/input/contract/contract.json";
const IMPUTER: &str = "/opt/ml/processing/input/imputer/imputer.json";
const BATCH: &str = "/opt/ml/processing/batch/batch.csv";

/// Writes the batch with the training part's medians for its blanks.
pub(super) fn batch_preprocess(files: &Files) -> Result<Files, JobFailure> {
    let contract: DataContract = serde_json::from_str(text(files, CONTRACT)?)
        .map_err(|flaw| JobFailure::algorithm(format!("'{CONTRACT}': {flaw}")))?;
    let refuse = |flaw| JobFailure::algorithm(format!("batch_preprocess: {flaw}"));
    let imputer = Imputer::from_json(text(files, IMPUTER)?).map_err(refuse)?;
    let data = csv_files(files, INPUT)?;
    let written = model::batch_preprocess(&data, &contract, &imputer).map_err(refuse)?;
    Ok(Files::from([(BATCH.to_owned(), written.into_bytes())]))
}
