//! What runs inside SageMaker's containers, done by this program on files in memory.
//!
//! A job sees files under the container's own paths (`/opt/ml/processing/…`, `/opt/ml/input/data/…`) and leaves
//! files there; who starts it brings them from S3 and takes them back. The scripts of the repository have stand-ins
//! that follow the same contract as the Python ones; gradient boosting by `forust-ml` stands in for the XGBoost image,
//! with the hyper-parameters of the definition. Invariant: same files, same results, byte for byte.

mod archive;
mod batch_preprocess;
mod evaluate;
mod features;
mod hyperparameters;
mod latest_approved_model;
mod monitor;
mod preprocess;
mod score;
mod train;
mod transform;

pub use archive::{pack as pack_model, unpack as unpack_model};
pub(super) use latest_approved_model::invoke;
pub(super) use monitor::{Baseline, VIOLATIONS, baseline, check};
pub(super) use train::train;
pub(super) use transform::{Columns, Join, Transform, score_lines};

pub(super) use super::containers::{Files, JobFailure};

use super::containers::Raised;
use crate::spec::SourceFile;

/// A processing job: `python3 SCRIPT ARGUMENTS…`
#[derive(Debug)]
pub(super) struct Script<'s> {
    /// The container's entry point and its arguments.
    pub command: &'s [String],
    /// What the job's inputs brought.
    pub files: &'s Files,
}

/// Runs a processing job and gives the files it wrote.
///
/// # Errors
/// The script is not there, has no stand-in, or fails on its input.
pub(super) fn process(script: &Script<'_>) -> Result<Files, JobFailure> {
    let path = script.command.iter().find(|word| word.ends_with(".py"));
    let path = path.ok_or_else(|| {
        JobFailure::client("the rehearsal executes jobs whose entry point is a Python script only")
    })?;
    if !script.files.contains_key(path) {
        return Err(JobFailure::algorithm(format!(
            "python3: can't open file '{path}': No such file or directory"
        )));
    }
    match path.rsplit('/').next().unwrap_or(path) {
        "preprocess.py" => preprocess::preprocess(script),
        "batch_preprocess.py" => batch_preprocess::batch_preprocess(script.files),
        "evaluate.py" => evaluate::evaluate(script.files),
        other => Err(JobFailure::client(format!(
            "the rehearsal has no stand-in for the script '{other}'"
        ))),
    }
}

/// The text of the file at `path`.
fn text<'f>(files: &'f Files, path: &str) -> Result<&'f str, JobFailure> {
    let content = files.get(path);
    let content = content.ok_or_else(|| JobFailure::algorithm(format!("'{path}' is not there")))?;
    std::str::from_utf8(content)
        .map_err(|_| JobFailure::algorithm(format!("'{path}' is not UTF-8 text")))
}

/// The CSV files that stand in `folder` itself, by name.
fn csv_files(files: &Files, folder: &str) -> Result<Vec<SourceFile>, JobFailure> {
    let found: Vec<SourceFile> = files
        .keys()
        .filter_map(|path| Some((path, path.strip_prefix(folder)?.strip_prefix('/')?)))
        .filter(|(_, name)| name.ends_with(".csv") && !name.contains('/'))
        .map(|(path, name)| {
            Ok(SourceFile { name: name.to_owned(), text: text(files, path)?.to_owned() })
        })
        .collect::<Result<_, JobFailure>>()?;
    if found.is_empty() {
        return Err(JobFailure::algorithm(format!("no CSV file in '{folder}'")));
    }
    Ok(found)
}
