//! `agent baseline`: the decision tree that a candidate is measured against.

use super::{
    data::of_data,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::of_project,
};
use crate::{
    ids::Sha,
    model::{self, Auc, Baseline, DataError, Examples, TreeOptions},
    project::{self, Files, Training},
    spec::Role,
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
    /// Seed of the split; the default is the one that the train pipeline uses
    #[arg(long, default_value_t = model::DEFAULT_SEED)]
    seed: u64,
}

pub(crate) fn baseline(args: &Args, output: &Output) -> CliResult {
    let files = Files::Folder(&args.folder);
    let project = project::load(None, &Sha::null(), files, files).map_err(of_project)?;
    let training = project.training.ok_or_else(|| {
        CliError::usage("the pipeline has no training data")
            .hint("add a stage with 'uses: train-test' to pipeline.yaml")
    })?;
    let (train, test) = parts(&training, args.seed).map_err(|error| of_data(&error))?;
    let tree = Baseline::fit(&train, &TreeOptions::default()).map_err(CliError::usage)?;
    let figure = model::auc(&tree.scores(&test.features), &test.labels).map_err(CliError::usage)?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({
            "data": training.source.name, "seed": args.seed, "train_rows": train.labels.len(),
            "test_rows": test.labels.len(), "auc": figure, "leaves": tree.leaves(),
            "importance": tree.importance(), "tree": tree,
        }))?,
        Format::Text => output.data(&report(&training.source.name, &tree, &train, &figure))?,
    }
    Ok(Exit::Done)
}

/// The training and the test part, as the preprocessing step would write them.
fn parts(training: &Training, seed: u64) -> Result<(Examples, Examples), DataError> {
    let source = std::slice::from_ref(&training.source);
    let files = model::preprocess(source, &training.contract, seed)?;
    let columns: Vec<String> = training
        .contract
        .columns
        .iter()
        .filter(|column| column.role == Role::Feature)
        .map(|column| column.name.clone())
        .collect();
    let part = |name: &str| {
        let text = files.iter().find(|(path, _)| *path == name).map(|(_, text)| text.as_str());
        Examples::read(name, text.unwrap_or_default(), &columns)
    };
    Ok((part("train/train.csv")?, part("test/test.csv")?))
}

fn report(data: &str, tree: &Baseline, train: &Examples, figure: &Auc) -> String {
    let importance: Vec<String> = tree
        .importance()
        .into_iter()
        .map(|(name, share)| format!("{name} {:.0} %", share * 100.0))
        .collect();
    format!(
        "{data}: fitted on {} rows, {} leaves\n\
         AUC {:.4} (95 % {:.4} to {:.4}) on {} test rows\n\
         importance: {}\n\n{tree}",
        train.labels.len(),
        tree.leaves(),
        figure.value,
        figure.lower,
        figure.upper,
        figure.positives + figure.negatives,
        importance.join(", "),
    )
}
