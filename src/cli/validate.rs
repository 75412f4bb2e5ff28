//! `agent validate`: every finding at once, before anything is committed.

use super::{
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::of_project,
};
use crate::{
    ids::Sha,
    project::{self, Files},
};
use std::path::PathBuf;

/// Check pipeline.yaml, the environments, the templates and the data, all findings at once
///
/// Looks at the folder as it is now, committed or not, and at nothing else: no cloud is asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  agent validate\n  agent validate --json | jq '.[].message'")]
pub(crate) struct Args {
    /// The project's folder
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn validate(args: &Args, output: &Output) -> CliResult {
    let files = Files::Folder(&args.folder);
    let project = project::load(None, &Sha::null(), files, files).map_err(of_project)?;
    let report = project::check(&project);
    if report.findings.has_errors() {
        return Err(CliError::Files { findings: report.findings, sources: project.sources });
    }
    match output.format {
        Format::Json => output.json(&report.findings)?,
        Format::Text => {
            if !report.findings.0.is_empty() {
                output.findings(&report.findings, &project.sources);
            }
            output.data(&format!(
                "{}: {} stages, {} environments, {} rows of data: all in order",
                project.pipeline.name,
                project.pipeline.stages.len(),
                project.environments.len(),
                report.rows
            ))?;
        }
    }
    Ok(Exit::Done)
}
