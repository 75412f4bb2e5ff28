//! `agent data`: data sets on the way into a pipeline.

use super::{
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
};
use crate::{
    ids::Digest,
    model::{self, DataError},
    spec::SourceFile,
};
use anyhow::Context as _;
use std::{fs, path::PathBuf};

/// Prepare data sets
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Prepare(PrepareArgs),
}

/// Split a data set into two training parts, a batch and a batch with outliers
///
/// 5 % of the rows become the batch, a tenth of the rest the second training part, drawn with seed 200: the same rows,
/// byte for byte, as the notebook this replaces.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  agent data prepare mammographic_masses.data --out prepared/")]
struct PrepareArgs {
    /// The data set: comma-separated, no header, '?' for a missing value, the label last
    file: PathBuf,
    /// Folder for the four files; made if absent, files in it are replaced
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

pub(crate) fn data(args: &Args, output: &Output) -> CliResult {
    match &args.what {
        What::Prepare(args) => prepare(args, output),
    }
}

/// Flaws of a data set, one a line.
pub(super) fn of_data(error: &DataError) -> CliError {
    let DataError::Rows(flaws) = error else { return CliError::usage(error) };
    let mut lines = vec!["the data breaks its contract".to_owned()];
    lines.extend(flaws.listed.iter().map(ToString::to_string));
    if flaws.more > 0 {
        lines.push(format!("and {} more", flaws.more));
    }
    CliError::usage(lines.join("\n  "))
}

fn prepare(args: &PrepareArgs, output: &Output) -> CliResult {
    let text = fs::read_to_string(&args.file).map_err(|error| {
        CliError::usage(format!("cannot read {}: {error}", args.file.display()))
    })?;
    let source = SourceFile { name: args.file.display().to_string(), text };
    let files = model::prepare(&source).map_err(|error| {
        of_data(&error)
            .hint("a '?' may stand for any feature, never for the label in the last column")
    })?;
    fs::create_dir_all(&args.out).with_context(|| format!("make {}", args.out.display()))?;
    let mut told = Vec::new();
    for (name, content) in files {
        let path = args.out.join(name);
        fs::write(&path, &content).with_context(|| format!("write {}", path.display()))?;
        let (lines, digest) = (content.lines().count(), Digest::of(&content));
        match output.format {
            Format::Json => told.push(serde_json::json!({
                "file": path, "lines": lines, "sha256": digest,
            })),
            Format::Text => {
                output.data(&format!("{digest}  {} ({lines} lines)", path.display()))?;
            }
        }
    }
    if output.format == Format::Json {
        output.json(&told)?;
    }
    Ok(Exit::Done)
}
