//! What can be known to be wrong with a project without asking a cloud: the templates render, the definitions make
//! sense, every row of the data obeys its contract.

use super::{Project, load::Templates};
use crate::{
    definition::{self, Definition, Flaw, Kind},
    model::{DataSet, Header},
    plan,
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

fn definitions(project: &Project, templates: &Templates, environment: &Environment) -> Vec<Finding> {
    let Some(blueprint) = project.blueprint(environment) else { return Vec::new() };
    let mut findings = Vec::new();
    for (kind, template) in
        [(Kind::Train, &templates.train), (Kind::Inference, &templates.inference)]
    {
        match definition::render(kind, &template.text, environment, &blueprint.release(1)) {
            Err(error) => findings.push(at_line(template, error.line(), error.to_string())),
            Ok(definition) => findings.extend(flaws(template, &definition, environment)),
        }
    }
    if findings.is_empty() {
        if let Err(error) = plan::desired(&blueprint, 1) {
            findings.push(at_line(&environment_file(project, environment), None, error.to_string()));
        }
    }
    findings
}

fn flaws(template: &SourceFile, definition: &Definition, environment: &Environment) -> Vec<Finding> {
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
    match DataSet::read(&training.text, &training.contract, Header::Required) {
        Ok(data) => data.rows(),
        Err(error) => {
            let source = SourceFile { name: training.path.clone(), text: training.text.clone() };
            for cell in error.cells() {
                findings.0.push(at_line(&source, Some(cell.line), cell.to_string()));
            }
            0
        }
    }
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
