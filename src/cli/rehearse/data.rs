//! `--data`: rows for the night in question, or a whole data set in place of the repository's.

use super::{Args, SEED};
use crate::{
    cli::{data::of_data, failure::CliError},
    project::{Project, Training},
    spec::{SourceFile, check_data_contract},
    story::{
        batches::Population,
        brought::{Brought, LONGEST_FILE},
        performance::Play,
    },
};
use anyhow::Context as _;
use std::{fs, path::Path};

/// What is played: on the project's data, or on what was brought, which then takes its place in `project`.
pub(super) fn play(args: &Args, project: &mut Project) -> Result<Play, CliError> {
    let brought = args.data.as_deref().map(|path| Ok::<_, CliError>((path, read(path)?)));
    let brought = brought.transpose()?;
    let contract = match args.data.as_deref().map(|path| path.with_extension("yaml")) {
        Some(path) if path.exists() => Some(read(&path)?),
        Some(_) | None => None,
    };
    let rows = match (brought, contract) {
        (Some((_, data)), Some(contract)) => {
            project.training = Some(training(data, contract)?);
            None
        }
        (rows, _) => rows,
    };
    let training = project.training.as_ref().ok_or_else(|| {
        CliError::usage("the pipeline has no training data")
            .hint("add a stage with 'uses: train-test' to pipeline.yaml")
    })?;
    let population = Population::read(training).map_err(|error| of_data(&error))?;
    let rows = rows.map(|(path, file)| {
        let brought = Brought::read(&file.text, &training.contract);
        let brought =
            brought.map_err(|error| CliError::usage(format!("{}: {error}", path.display())));
        Ok::<_, CliError>((name(path), brought?))
    });
    Ok(Play {
        days: args.days,
        seed: SEED,
        data: training.source.name.rsplit('/').next().unwrap_or_default().to_owned(),
        population,
        brought: rows.transpose()?,
    })
}

fn training(source: SourceFile, contract: SourceFile) -> Result<Training, CliError> {
    let checked = check_data_contract(&contract);
    let checked =
        checked.map_err(|findings| CliError::Files { findings, sources: vec![contract] })?;
    Ok(Training { source, contract: checked })
}

fn read(path: &Path) -> Result<SourceFile, CliError> {
    let cannot = |why: String| CliError::usage(format!("cannot read {}: {why}", path.display()));
    let size = fs::metadata(path).map_err(|error| cannot(error.to_string()))?.len();
    if size > LONGEST_FILE {
        return Err(cannot(format!("{size} bytes, at most {LONGEST_FILE} are taken")));
    }
    let content = fs::read(path).context("read the file")?;
    let text = String::from_utf8(content).map_err(|_| cannot("it is not UTF-8 text".to_owned()))?;
    Ok(SourceFile { name: name(path), text })
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
