//! preprocess.py: check, split and impute the raw data.

use super::{Files, JobFailure, Script, csv_files, text};
use crate::{model, spec::DataContract};

const INPUT: &str = "/opt/ml/processing/input";
const CONTRACT: &str = "/opt/ml/processing/input/contract/contract.json";
const OUTPUT: &str = "/opt/ml/processing";

/// Writes the train, validation and test sets, the monitoring baseline and the imputer.
pub(super) fn preprocess(script: &Script<'_>) -> Result<Files, JobFailure> {
    let contract: DataContract = serde_json::from_str(text(script.files, CONTRACT)?)
        .map_err(|flaw| JobFailure::algorithm(format!("'{CONTRACT}': {flaw}")))?;
    let data = csv_files(script.files, INPUT)?;
    let written = model::preprocess(&data, &contract, seed(script.command)?)
        .map_err(JobFailure::algorithm)?;
    Ok(written
        .into_iter()
        .map(|(path, text)| (format!("{OUTPUT}/{path}"), text.into_bytes()))
        .collect())
}

fn seed(command: &[String]) -> Result<u64, JobFailure> {
    let flag = command.iter().position(|word| word == "--seed");
    let seed = flag.and_then(|flag| command.get(flag + 1)).and_then(|word| word.parse().ok());
    seed.ok_or_else(|| JobFailure::algorithm("preprocess.py needs --seed and a whole number"))
}
