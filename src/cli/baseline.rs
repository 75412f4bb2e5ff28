//! `agent baseline`: the decision tree that a candidate is measured against.

use super::{
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::of_project,
};
use crate::{
    ids::Sha,
    model::{self, BaselineReport},
    project::{self, Files},
};
use std::path::PathBuf;

/// Train the baseline decision tree on the training data and report how good it is
///
/// The same split, imputation and tree as the gate uses, on this machine, without a cloud.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent baseline\n  agent baseline --seed 7 --json")]
pub(crate) struct Args {
    /// The project's folder
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
    /// Seed of the split
    #[arg(long, default_value_t = model::DEFAULT_SEED)]
    seed: u64,
}

pub(crate) fn baseline(args: &Args, output: &Output) -> CliResult {
    let files = Files::Folder(args.folder.clone());
    let project = project::load("baseline", &Sha::null(), &files, &files).map_err(of_project)?;
    let training = project.training.ok_or_else(|| {
        CliError::usage("the pipeline has no training data")
            .hint("add a stage with 'uses: train-test' to pipeline.yaml")
    })?;
    let report = BaselineReport::on(&training.text, &training.contract, args.seed)
        .map_err(|error| CliError::usage(format!("{}: {error}", training.path)))?;
    match output.format {
        Format::Json => output.json(&report)?,
        Format::Text => output.data(&report.to_string())?,
    }
    Ok(Exit::Done)
}
