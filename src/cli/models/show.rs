//! `agent models show`: one version with its evidence and what was decided about it.

use super::{
    super::{
        failure::{CliError, CliResult, Exit},
        output::{Format, Output, harmless},
    },
    desk::{Desk, of_cloud},
};
use crate::{
    aws::ModelPackage,
    ids::{EnvName, RunId},
    model::{Auc, Verdict},
    monitor::Assessment,
    registry::{self, Dossier, Entry, Seal},
    store::WatchedExecution,
    watch::{Case, Grounds},
};
use serde::Serialize;

/// Everything that is known about a version.
#[derive(Debug, Serialize)]
struct Version<'a> {
    #[serde(flatten)]
    package: &'a ModelPackage,
    in_use_by: Option<&'a EnvName>,
    /// As it was evaluated when it was registered, with its 95 % interval.
    auc: Option<Auc>,
    /// What it was registered with, and whether that is what it was.
    evidence: Dossier,
    /// What the gate said, if a run that is kept here trained it.
    gate: Option<Gate>,
    /// The drift it was trained to answer, if a watcher that is kept here started its training.
    cause: Option<Cause>,
    /// What was decided, the first decision first.
    history: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Gate {
    run: RunId,
    verdict: Verdict,
}

/// Why a version was trained.
#[derive(Debug, Serialize)]
struct Cause {
    /// The inference execution.
    execution: String,
    /// What it came to.
    verdict: String,
    /// What that rests on; absent where another version of the agent wrote it.
    grounds: Option<Grounds>,
}

impl From<WatchedExecution> for Cause {
    fn from(watched: WatchedExecution) -> Self {
        let WatchedExecution { execution, verdict, evidence, .. } = watched;
        let case: Option<Case> = serde_json::from_value(evidence).ok();
        Self { execution, verdict, grounds: case.map(|case| case.grounds) }
    }
}

pub(super) async fn show(desk: &Desk, version: i32, output: &Output) -> CliResult {
    let package = desk.version(version)?;
    let evidence = dossier(desk, package).await?;
    let gate = desk.gate_verdict(package).await?.map(|(run, verdict)| Gate { run, verdict });
    let version = Version {
        package,
        in_use_by: desk.used_by(package),
        auc: evidence.evaluation.as_ref().and_then(registry::Evaluation::auc),
        evidence,
        gate,
        cause: desk.cause(package).await?.map(Cause::from),
        history: registry::history(package),
    };
    match output.format {
        Format::Json => output.json(&version)?,
        Format::Text => output.data(&text(&version))?,
    }
    Ok(Exit::Done)
}

/// A version's evidence.
pub(super) async fn dossier(desk: &Desk, package: &ModelPackage) -> Result<Dossier, CliError> {
    let found = registry::dossier(&desk.session.s3(), package).await;
    let environment = desk.environment()?;
    found.map_err(|error| of_cloud(error, "read the version's evidence", environment))
}

fn text(version: &Version<'_>) -> String {
    let rows = facts(version).into_iter();
    let mut lines: Vec<String> = rows
        .filter_map(|(name, value)| Some(format!("{name:<21} {}", harmless(&value?))))
        .collect();
    if let Some(Gate { run, verdict }) = &version.gate {
        let verdict = verdict.to_string().replace('\n', &format!("\n{:<22}", ""));
        lines.push(format!("{:<21} {verdict}\n{:<22}(run {})", "gate", "", run.short()));
    }
    lines.extend(version.cause.iter().flat_map(caused));
    for (index, entry) in version.history.iter().enumerate() {
        let name = if index == 0 { "decided" } else { "" };
        lines.push(format!("{name:<21} {}", harmless(&entry.to_string())));
    }
    lines.join("\n")
}

/// Why it was trained, and where the report on that is.
fn caused(cause: &Cause) -> Vec<String> {
    let mut lines = vec![format!("{:<21} {} in {}", "trained for", cause.verdict, cause.execution)];
    let Some(grounds) = &cause.grounds else { return lines };
    let reasons = grounds.assessment.iter().flat_map(Assessment::reasons);
    lines.extend(reasons.map(|reason| format!("{:<22}{}", "", harmless(&reason))));
    lines.extend(grounds.report.iter().map(|uri| format!("{:<21} {uri}", "violation report")));
    lines
}

/// Names and values, in the order in which one asks.
fn facts<'a>(version: &'a Version<'_>) -> Vec<(&'a str, Option<String>)> {
    let Version { package, in_use_by, auc, evidence, .. } = version;
    let summary = &package.summary;
    let stage = summary.life_cycle.as_ref();
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.strftime("%F %T UTC").to_string());
    let mut facts = vec![
        ("version", Some(summary.arn.clone())),
        ("status", Some(summary.approval.to_string())),
        ("stage", stage.map(|cycle| format!("{} {}", cycle.stage, cycle.status.to_lowercase()))),
        ("in use by", in_use_by.map(ToString::to_string)),
        ("reason", package.approval_description.clone()),
        ("registered", time(summary.created)),
        ("changed", time(package.modified)),
        ("changed by", package.modified_by.clone()),
        ("AUC", auc.map(figure)),
        ("evidence", Some(sealed(&evidence.seal))),
        ("commit", package.commit.clone()),
        ("repository", package.repository.clone()),
        ("made by", package.generated_by.clone()),
        ("image", package.image.clone()),
        ("image digest", package.image_digest.clone()),
        ("model", package.model_data.clone()),
        ("evaluation", package.evaluation.clone()),
        ("baseline statistics", package.baseline_statistics.clone()),
        ("baseline constraints", package.baseline_constraints.clone()),
    ];
    facts.extend(notes(package).map(|(name, value)| (name, Some(value.to_owned()))));
    facts
}

/// What the pipeline and people noted, without what is told elsewhere.
pub(super) fn notes(package: &ModelPackage) -> impl Iterator<Item = (&str, &str)> {
    let elsewhere = ["commit", "repository", "execution"];
    let notes = package.notes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    notes.filter(move |(name, _)| !elsewhere.contains(name) && !name.starts_with("decision."))
}

/// An AUC with its interval.
pub(super) fn figure(auc: Auc) -> String {
    let Auc { value, lower, upper, positives, negatives, .. } = auc;
    format!("{value:.4} (95 % {lower:.4} to {upper:.4}, {} rows)", positives + negatives)
}

fn sealed(seal: &Seal) -> String {
    match seal {
        Seal::Intact => "as it was registered".to_owned(),
        Seal::Missing { what } => format!("missing: {what}"),
        Seal::Broken { what } => format!("changed: {what}"),
    }
}
