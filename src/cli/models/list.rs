//! `agent models list`.

use super::{
    super::{
        failure::{CliResult, Exit},
        output::{Format, Output, harmless},
    },
    desk::Desk,
};
use crate::{
    aws::{ModelPackage, ModelPackageSummary},
    ids::EnvName,
    model::Auc,
    registry,
};
use comfy_table::{Table, presets::NOTHING};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

/// Evaluations that are fetched at once.
const AT_ONCE: usize = 8;

/// A version as the list shows it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    summary: &'a ModelPackageSummary,
    /// The environment that uses it.
    in_use_by: Option<&'a EnvName>,
    /// As it was evaluated when it was registered.
    auc: Option<Auc>,
    /// Who approved it last, in their own words.
    approved_by: Option<&'a str>,
    /// When it was last changed.
    modified: Option<Timestamp>,
    /// Who changed it last, as AWS recorded it.
    modified_by: Option<&'a str>,
}

pub(super) async fn list(desk: &Desk, output: &Output) -> CliResult {
    let lines = lines(desk).await;
    match output.format {
        Format::Json => output.json(&lines)?,
        Format::Text if lines.is_empty() => {
            output.talk("No version is registered yet: agent run --branch main");
        }
        Format::Text => output.data(&table(&lines))?,
    }
    Ok(Exit::Done)
}

async fn lines(desk: &Desk) -> Vec<Line<'_>> {
    let s3 = desk.session.s3();
    let asked = desk.versions.iter().map(|package| {
        let s3 = s3.clone();
        // a version whose evaluation cannot be read stands in the list all the same
        async move { registry::evaluation(&s3, package).await.ok().flatten() }
    });
    let found: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let evaluated = desk.versions.iter().zip(found);
    evaluated
        .map(|(package, evaluation)| Line {
            summary: &package.summary,
            in_use_by: desk.used_by(package),
            auc: evaluation.and_then(|evaluation| evaluation.auc()),
            approved_by: approver(package),
            modified: package.modified,
            modified_by: package.modified_by.as_deref(),
        })
        .collect()
}

/// Who approved the version last, in their own words.
pub(super) fn approver(package: &ModelPackage) -> Option<&str> {
    package.notes.get("approved_by").map(String::as_str)
}

fn table(lines: &[Line<'_>]) -> String {
    let mut table = Table::new();
    let header = ["VERSION", "STATUS", "STAGE", "IN USE BY", "REGISTERED", "AUC", "BY"];
    table.load_style(NOTHING).set_header(header);
    for line in lines {
        let Line { summary, in_use_by, auc, approved_by, .. } = line;
        let stage = summary.life_cycle.as_ref();
        let stage = stage.map(|cycle| format!("{} {}", cycle.stage, cycle.status.to_lowercase()));
        let registered = summary.created.map(|at| at.strftime("%F %T").to_string());
        table.add_row([
            summary.version.to_string(),
            summary.approval.to_string(),
            harmless(&stage.unwrap_or_default()),
            in_use_by.map(ToString::to_string).unwrap_or_default(),
            registered.unwrap_or_default(),
            auc.map(|auc| format!("{:.4}", auc.value)).unwrap_or_default(),
            harmless(approved_by.unwrap_or_default()),
        ]);
    }
    table.to_string()
}
