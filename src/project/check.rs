//! What can be known to be wrong with a project without asking a cloud: the templates render, the definitions make
//! sense, every row of the data obeys its contract.

use super::{Project, load::Templates};
use crate::{
    definition::{self, Definition, Flaw, Kind, RenderError},
    model::{DataError, DataSet},
    plan::{self, DesiredError},
    spec::{Environment, Finding, Findings, Severity, SourceFile, Span},
};

/// What a check found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Everything found, warnings of the files included.
    pub findings: Findings,
    /// Rows of training data that were read.
    pub rows: usize,
}

/// Checks the project as far as it can be checked without a cloud.
#[must_use]
pub fn check(project: &Project) -> Report {
    let mut findings = project.warnings.clone();
    for environment in project.environments.values() {
        let Some(templates) = &project.templates else { continue };
        for finding in definitions(project, templates, environment) {
            // The same flaw shows in every environment; once is enough.
            if !findings.0.contains(&finding) {
                findings.0.push(finding);
            }
        }
    }
    let rows = data(project, &mut findings);
    Report { findings, rows }
}

fn definitions(
    project: &Project,
    templates: &Templates,
    environment: &Environment,
) -> Vec<Finding> {
    let own = environment_file(project, environment);
    let blueprint = match project.blueprint(environment) {
        Ok(blueprint) => blueprint,
        Err(incomplete) => return vec![at_line(&own, None, incomplete.to_string())],
    };
    let desired = match plan::desired(&blueprint, 1) {
        Ok(desired) => desired,
        Err(DesiredError::Render { kind, source }) => {
            let template = template(templates, kind);
            return vec![at_line(template, line_of(&source), source.to_string())];
        }
        Err(other) => return vec![at_line(&own, None, other.to_string())],
    };
    [(Kind::Train, &desired.train), (Kind::Inference, &desired.inference)]
        .into_iter()
        .flat_map(|(kind, pipeline)| {
            flaws(template(templates, kind), &pipeline.definition, environment)
        })
        .collect()
}

fn line_of(error: &RenderError) -> Option<usize> {
    match error {
        RenderError::Template { line, .. } | RenderError::Json { line, .. } => Some(*line),
        RenderError::Definition(_) | RenderError::NoImage { .. } | RenderError::ImageTable(_) => {
            None
        }
    }
}

fn template(templates: &Templates, kind: Kind) -> &SourceFile {
    match kind {
        Kind::Train => &templates.train,
        Kind::Inference => &templates.inference,
    }
}

fn flaws(
    template: &SourceFile,
    definition: &Definition,
    environment: &Environment,
) -> Vec<Finding> {
    let flaws = definition::lint(definition, environment);
    flaws.into_iter().map(|flaw| of_flaw(template, flaw)).collect()
}

/// Places a flaw where its offending text stands in the template, as far as it stands there literally.
fn of_flaw(template: &SourceFile, flaw: Flaw) -> Finding {
    let quoted = flaw.message.split('\'').nth(1).unwrap_or_default();
    let offset = if quoted.is_empty() { None } else { template.text.find(quoted) };
    let span = Span {
        offset: offset.unwrap_or_default(),
        length: if offset.is_some() { quoted.len() } else { 0 },
    };
    let before = &template.text[..span.offset];
    Finding {
        severity: Severity::Error,
        code: flaw.code,
        file: template.name.clone(),
        line: before.matches('\n').count() + 1,
        column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
        span,
        text: quoted.to_owned(),
        message: format!("{}: {}", flaw.path, flaw.message),
        help: flaw.help,
    }
}

fn data(project: &Project, findings: &mut Findings) -> usize {
    let Some(training) = &project.training else { return 0 };
    let source = SourceFile { name: training.path.clone(), text: training.text.clone() };
    match DataSet::read(std::slice::from_ref(&source), &training.contract) {
        Ok(data) => return data.rows.len(),
        Err(DataError::Rows(flaws)) => {
            findings.0.extend(flaws.listed.iter().map(|flaw| {
                let line = usize::try_from(flaw.line).ok();
                at_line(&source, line, flaw.to_string())
            }));
            if flaws.more > 0 {
                let more = format!("{} more rows break the contract", flaws.more);
                findings.0.push(at_line(&source, None, more));
            }
        }
        Err(other) => findings.0.push(at_line(&source, None, other.to_string())),
    }
    0
}

fn environment_file(project: &Project, environment: &Environment) -> SourceFile {
    let prefix = format!("environments/{}.", environment.name);
    let found = project.sources.iter().find(|source| source.name.starts_with(&prefix));
    found.cloned().unwrap_or_else(|| SourceFile { name: prefix, text: String::new() })
}

fn at_line(source: &SourceFile, line: Option<usize>, message: String) -> Finding {
    let line = line.unwrap_or(1).max(1);
    let offset = source.text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let text = source.text.lines().nth(line - 1).unwrap_or_default();
    Finding {
        severity: Severity::Error,
        code: "check",
        file: source.name.clone(),
        line,
        column: 1,
        span: Span { offset, length: text.len() },
        // A row of data is health data: it is named, never shown.
        text: String::new(),
        message,
        help: None,
    }
}
