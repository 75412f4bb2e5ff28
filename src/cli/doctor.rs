//! `agent doctor`: everything a deployment needs, looked at, with a fix for what is missing.

use super::{
    Shared,
    failure::{CliResult, Exit},
    output::{Format, Output, harmless},
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, AppClouds},
    doctor::{self, Subject},
    engine::stages::Clouds as _,
    ids::EnvName,
    preflight::{Check, Outcome},
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};

/// Check everything a deployment needs in an environment, changing nothing
///
/// Identity, trust, each permission, key policy, buckets, registry, alerts, schedule, clock, and whether ECR has the
/// images that the pipelines run in. For whatever is not as it should be there is a fix below the table. What only a
/// deployment makes is a warning until then.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent doctor --env prod
  agent doctor --env prod --json | jq '.checks[] | select(.outcome == \"failed\")'

Signs: ✓ as it should be, ! works but should not stay, ✗ does not work, ? could not be told
Exit codes: 0 nothing failed (warnings may stand), 1 something failed, 2 wrong usage or invalid files";

pub(crate) async fn doctor(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let Source { project, environment, .. } =
        SourceArgs::of(&args.repo, Some(args.env.clone())).resolve(&state)?;
    let app = open_app(&state).await?;
    let clouds =
        AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone()).await?;
    let rules = &project.pipeline.environments;
    let branch = rules.iter().find(|rule| rule.name == environment).map(|rule| &rule.branch);
    let branch = branch.context("find the environment's branch")?;
    let environment = project.environments.get(&environment).context("find the environment")?;
    let access = clouds.access(environment).context("reach the cloud")?;
    let run = app::ad_hoc_run();
    let now = app.clock.now();
    let checks =
        doctor::examine(Subject { access: &access, environment, branch, run: &run, now }).await;
    let failed = checks.iter().any(|check| check.outcome.is_failure());
    match output.format {
        Format::Json => output.json(&serde_json::json!({
            "environment": environment.name, "account": environment.account,
            "ok": !failed, "checks": checks,
        }))?,
        Format::Text => output.data(&told(&checks, environment.name.as_str()))?,
    }
    Ok(if failed { Exit::Failed } else { Exit::Done })
}

fn told(checks: &[Check], environment: &str) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for Check { what, outcome } in checks {
        let (sign, found) = sign(outcome);
        table.add_row([sign.to_owned(), what.clone(), harmless(found)]);
    }
    let rows = table.to_string();
    let mut lines: Vec<String> = rows.lines().map(|row| row.trim_end().to_owned()).collect();
    let fixes: Vec<String> = checks.iter().filter_map(fix).collect();
    if !fixes.is_empty() {
        lines.push("\nTo do:".to_owned());
        let numbered = fixes.iter().enumerate();
        lines.extend(numbered.map(|(index, fix)| format!("{:>3}. {}", index + 1, harmless(fix))));
    }
    lines.push(format!("\n{}", verdict(checks, environment)));
    lines.join("\n")
}

fn sign(outcome: &Outcome) -> (&'static str, &str) {
    match outcome {
        Outcome::Ok { detail } => ("✓", detail),
        Outcome::Warning { why, .. } => ("!", why),
        Outcome::Failed { why, .. } => ("✗", why),
        Outcome::Unknown { why } => ("?", why),
    }
}

fn fix(check: &Check) -> Option<String> {
    match &check.outcome {
        Outcome::Warning { fix, .. } | Outcome::Failed { fix, .. } => {
            Some(format!("{}: {fix}", check.what))
        }
        Outcome::Ok { .. } | Outcome::Unknown { .. } => None,
    }
}

fn verdict(checks: &[Check], environment: &str) -> String {
    let (mut warnings, mut failures, mut unknown) = (0, 0, 0);
    for check in checks {
        match &check.outcome {
            Outcome::Ok { .. } => {}
            Outcome::Warning { .. } => warnings += 1,
            Outcome::Failed { .. } => failures += 1,
            Outcome::Unknown { .. } => unknown += 1,
        }
    }
    let many = checks.len();
    match (failures, warnings, unknown) {
        (0, 0, 0) => format!("{environment}: all {many} checks are well."),
        (0, _, _) => format!(
            "{environment}: can be deployed to. Of {many} checks {warnings} warn, {unknown} could not be told."
        ),
        (_, _, _) => format!(
            "{environment}: of {many} checks {failures} failed, {warnings} warn, {unknown} could not be told."
        ),
    }
}
