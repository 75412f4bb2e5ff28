//! pipeline.yaml: from text to [`Pipeline`], or to everything that is wrong with it.

mod action;
mod graph_rules;
mod machine;
mod promotion;
mod stages;

use super::{
    finding::{Findings, SourceFile},
    notes::quoted,
    pipeline::Pipeline,
    raw_pipeline::RawPipeline,
    reading::Reading,
};

/// The version of the format that this program reads.
const VERSION: u64 = 1;

/// Characters of a pipeline's name: part of log stream names, which have 512 (CreateLogStream API).
const LONGEST_NAME: usize = 64;

/// Reads a pipeline.yaml.
///
/// # Errors
/// Everything that is wrong with the file, in file order. Beside a pipeline, findings are warnings.
pub fn check_pipeline(file: &SourceFile) -> Result<(Pipeline, Findings), Findings> {
    Reading::of(file, check)
}

fn check(reading: &mut Reading<'_>, raw: RawPipeline) -> Option<Pipeline> {
    if let Some(version) = raw.version.filter(|version| *version != VERSION) {
        let message = format!("version {version} of this format is not known");
        reading.error(&["version"], "unknown-version", message).help(format!("write {VERSION}"));
    }
    let name = raw.name.and_then(|name| check_name(reading, name));
    let environments = promotion::check(reading, raw.environments.unwrap_or_default());
    let known: Vec<String> = environments.iter().map(|rule| rule.name.to_string()).collect();
    let stages = stages::check(reading, raw.stages.unwrap_or_default(), &known);
    let pipeline = Pipeline { name: name?, environments, stages: stages? };
    warn_of_later_environments(reading, &pipeline);
    Some(pipeline)
}

fn check_name(reading: &mut Reading<'_>, name: String) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(legal) {
        return Some(name);
    }
    let message = format!("{} is not a pipeline name", quoted(&name));
    let help = format!("use up to {LONGEST_NAME} letters, digits, '-', '_' and '.'");
    reading.error(&["name"], "bad-name", message).help(help);
    None
}

/// A stage that works in one environment stops the runs of every environment before it. Whether a
/// `when` prevents that is only known in the run.
fn warn_of_later_environments(reading: &mut Reading<'_>, pipeline: &Pipeline) {
    for stage in &pipeline.stages {
        let Some(target) = stage.environment.as_ref().filter(|_| stage.when.is_none()) else {
            continue;
        };
        let refused = pipeline.environments.iter().map(|rule| &rule.name);
        let refused: Vec<&str> = refused
            .filter(|run| !pipeline.may_use(run, target))
            .map(crate::ids::EnvName::as_str)
            .collect();
        if !refused.is_empty() {
            let message = format!(
                "a run for {} may not use '{target}', which does not come before it",
                super::notes::listed(refused)
            );
            reading
                .warning(&["stages", stage.name.as_str(), "in"], "later-environment", message)
                .help("limit the stage with 'when', as in: environment == \"prod\"");
        }
    }
}
