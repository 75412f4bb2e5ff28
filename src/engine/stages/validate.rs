//! `validate`: everything that can be known to be wrong without a cloud.

use super::{failure, outputs::Validated, work::Work};
use crate::{
    flow::Failure,
    ids::EnvName,
    project,
    report::{Annotation, FINDINGS_EVIDENCE},
    spec::{FailureClass, Finding, Severity},
};
use std::sync::Arc;

/// Findings that are kept for others to show; the log has them all.
const MOST_KEPT: usize = 1000;

pub(super) async fn validate(work: &Work<'_>) -> Result<Validated, Failure> {
    let checked = Arc::clone(work.project);
    // Reading a large data set is work for a thread that may block.
    let report = tokio::task::spawn_blocking(move || project::check(&checked))
        .await
        .map_err(failure::agent("check the project"))?;
    for finding in &report.findings.0 {
        work.tell(&sentence(finding))?;
    }
    let findings = report.findings.0.iter().map(Annotation::from);
    work.keep(FINDINGS_EVIDENCE, &findings.take(MOST_KEPT).collect::<Vec<_>>()).await?;
    let errors = report.findings.0.iter().filter(|f| f.severity == Severity::Error).count();
    if errors > 0 {
        let first = report.findings.0.iter().find(|f| f.severity == Severity::Error);
        let message = first.map(sentence).unwrap_or_default();
        return Err(Failure::new(
            FailureClass::UserError,
            format!("errors in the project's files: {errors}; the first: {message}"),
        )
        .with_hint("`agent validate` draws them all"));
    }
    let environments: Vec<_> = work.project.environments.keys().cloned().collect();
    let names: Vec<&str> = environments.iter().map(EnvName::as_str).collect();
    work.tell(&format!(
        "files, definitions and {} rows of data are in order for {}",
        report.rows,
        names.join(" and ")
    ))?;
    Ok(Validated { environments, rows: report.rows })
}

fn sentence(finding: &Finding) -> String {
    let Finding { file, line, column, message, .. } = finding;
    format!("{file}:{line}:{column}: {message}")
}
