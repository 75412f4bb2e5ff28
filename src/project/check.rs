//! What can be known to be wrong with a project without asking a cloud: the templates render, the definitions make
//! sense, every row of the data obeys its contract.

use super::{Project, load::Templates};
use crate::{
    definition::{self, Definition, Flaw, Kind, RenderError},
    model::{DataError, DataSet},
    plan::{self, DesiredError},
    spec::{Environment, Finding, Findings, Severity, SourceFile, Span},
};
use std::collections::BTreeMap;

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
        Err(incomplete) => return vec![at(&own, (1, 1), incomplete.to_string())],
    };
    let desired = match plan::desired(&blueprint, 1) {
        Ok(desired) => desired,
        Err(DesiredError::Render { kind, source }) => {
            return vec![of_render(template(templates, kind), &own, source)];
        }
        Err(other) => return vec![at(&own, (1, 1), other.to_string())],
    };
    [(Kind::Train, &desired.train), (Kind::Inference, &desired.inference)]
        .into_iter()
        .flat_map(|(kind, pipeline)| {
            flaws(template(templates, kind), &pipeline.definition, environment)
        })
        .collect()
}

fn of_render(template: &SourceFile, environment: &SourceFile, error: RenderError) -> Finding {
    match error {
        RenderError::Template { line, column, message, help } => {
            Finding { help, ..at(template, (line, column), message) }
        }
        RenderError::Json { line, .. } => {
            let help = Some("look for a missing quote, comma or value there or just before".into());
            Finding { help, ..at(template, (line, 1), error.to_string()) }
        }
        RenderError::NoImage { .. } => {
            at(environment, of_key(environment, "aws_region"), error.to_string())
        }
        RenderError::Definition(_) | RenderError::ImageTable(_) => {
            at(template, (1, 1), error.to_string())
        }
    }
}

/// Where `key` stands in `file`, by line and column from 1; its beginning if it does not.
fn of_key(file: &SourceFile, key: &str) -> (usize, usize) {
    let hit = |(number, line): (usize, &str)| {
        line.find(key)
            .and_then(|at| line.get(..at))
            .map(|before| (number + 1, before.chars().count() + 1))
    };
    file.text.lines().enumerate().find_map(hit).unwrap_or((1, 1))
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
    let mut placed: BTreeMap<String, usize> = BTreeMap::new();
    let mut place = |flaw: Flaw| {
        let before = placed.entry(flaw.message.clone()).or_default();
        *before += 1;
        of_flaw(template, flaw, *before - 1)
    };
    definition::lint(definition, environment).into_iter().map(&mut place).collect()
}

/// Places a flaw where its offending text stands in the template, as far as it stands there literally; one that was
/// said `before` of other places stands at a later one.
fn of_flaw(template: &SourceFile, flaw: Flaw, before: usize) -> Finding {
    let quoted = flaw.message.split('\'').nth(1).unwrap_or_default();
    let mut places = template.text.match_indices(quoted).map(|(offset, _)| offset);
    let first = if quoted.is_empty() { None } else { places.next() };
    let offset = if before == 0 { first } else { places.nth(before - 1).or(first) };
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
    let source = &training.source;
    match DataSet::read(std::slice::from_ref(source), &training.contract) {
        Ok(data) => {
            let (rows, positives) = (data.rows.len(), data.positives());
            if positives == 0 || positives == rows {
                let label = u8::from(positives > 0);
                let message =
                    format!("every row has the label {label}, so there is nothing to tell apart");
                findings.0.push(at(source, (1, 1), message));
            }
            return rows;
        }
        Err(DataError::Rows(flaws)) => {
            findings.0.extend(flaws.listed.iter().map(|flaw| {
                let line = usize::try_from(flaw.line).unwrap_or(1);
                let cell = flaw.column.as_ref().and_then(|name| {
                    training.contract.columns.iter().position(|column| column.name == *name)
                });
                let column = cell.map_or(1, |cell| of_cell(source, line, cell));
                let help =
                    "correct or remove the row: what breaks the contract is refused, not repaired";
                Finding {
                    help: Some(help.to_owned()),
                    ..at(source, (line, column), flaw.sentence())
                }
            }));
            if flaws.more > 0 {
                let more = format!("{} more rows break the contract", flaws.more);
                findings.0.push(at(source, (1, 1), more));
            }
        }
        Err(other) => findings.0.push(at(source, (1, 1), other.to_string())),
    }
    0
}

/// The column, from 1, at which the cell with that index (from 0) begins; 1 where quotes make commas ambiguous.
fn of_cell(source: &SourceFile, line: usize, cell: usize) -> usize {
    let row = source.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    if row.contains('"') {
        return 1;
    }
    row.split(',').take(cell).map(|before| before.chars().count() + 1).sum::<usize>() + 1
}

fn environment_file(project: &Project, environment: &Environment) -> SourceFile {
    let prefix = format!("environments/{}.", environment.name);
    let found = project.sources.iter().find(|source| source.name.starts_with(&prefix));
    found.cloned().unwrap_or_else(|| SourceFile { name: prefix, text: String::new() })
}

/// A finding at a line and column, both from 1 and the column in characters.
fn at(source: &SourceFile, (line, column): (usize, usize), message: String) -> Finding {
    let start: usize =
        source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let text = source.text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let within = text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    Finding {
        severity: Severity::Error,
        code: "check",
        file: source.name.clone(),
        line,
        column,
        span: Span { offset: start + within, length: text.len() - within },
        // A row of data is health data: it is named, never shown.
        text: String::new(),
        message,
        help: None,
    }
}
