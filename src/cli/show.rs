//! `agent show`: one run with its stages and its evidence.

use super::{
    Shared,
    elsewhere::Elsewhere,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    source::{open_app, state_folder},
    summary::Summary,
};
use crate::{
    app::App,
    dispatch::Desk,
    engine::stages::outputs::VERDICT_EVIDENCE,
    flow::{Event, Withdrawal},
    store::{OutboxRow, RunRecord, StoreError, StoredEvent},
    web::api::{self, RunDetail},
};
use anyhow::Context as _;

/// Show a run: its stages with their times, the gate's verdict, what changed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent show\n  agent show 3f2a1c9e\n  agent show --json | jq .evidence.plan"
)]
pub(crate) struct Args {
    /// The run, by the last digits of its id [default: the newest]
    pub(super) run: Option<String>,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn show(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let app = open_app(&state_folder(shared, &args.repo)?).await?;
    let run = find(&app, args.run.as_deref()).await?;
    let desk = Desk::new(app.store.clone(), app.clock.clone());
    let detail = api::detail(&app.store, &desk, &app.log_folder(), run).await;
    tell(&detail.context("read the run")?, output)
}

/// Shows a run, wherever it was read.
pub(super) fn tell(detail: &RunDetail, output: &Output) -> CliResult {
    let RunDetail { run: listed, events, evidence, sayings, log_parts, .. } = detail;
    let run = &detail.record();
    let summary = Summary::of(run, events, evidence.get(VERDICT_EVIDENCE));
    let summary = summary.standing(listed.standing.clone());
    match output.format {
        Format::Json => {
            output.json(&serde_json::json!({
                "run": listed, "summary": summary, "events": events, "evidence": evidence,
                "sayings": sayings, "policy": detail.policy, "log_parts": log_parts,
            }))?;
        }
        Format::Text => {
            output.data(&format!(
                "run {}  begun {}",
                run.id,
                run.created_at.strftime("%F %T UTC")
            ))?;
            if let Some(policy) = detail.policy.as_ref().filter(|policy| **policy != run.commit) {
                output.data(&format!("  environment files of commit {}", policy.short()))?;
            }
            for stored in events {
                if let Some(line) = line(stored) {
                    output.data(&format!("  {}  {line}", stored.at.strftime("%T%.3f")))?;
                }
            }
            for unheard in sayings.iter().filter_map(unheard) {
                output.data(&format!("  {unheard}"))?;
            }
            output.data(&summary.text())?;
        }
    }
    Elsewhere::default().say(log_parts, (&run.environment, &run.id), output);
    Ok(Exit::Done)
}

/// What was to be said elsewhere and was not heard there, in words.
fn unheard(saying: &OutboxRow) -> Option<String> {
    let problem = harmless(saying.problem.as_ref()?);
    let (name, tries) = (&saying.name, saying.attempts);
    match saying.state.as_str() {
        "given-up" => {
            Some(format!("{name} was never said, given up after {tries} tries: {problem}"))
        }
        "wanted" => Some(format!("{name} is not said yet, {tries} tries so far: {problem}")),
        _ => None,
    }
}

/// The run that was named, or the newest.
pub(crate) async fn find(app: &App, digits: Option<&str>) -> Result<RunRecord, CliError> {
    let found = match digits {
        Some(digits) => app.store.run_by_digits(digits).await,
        None => match app.store.newest_runs(1).await.context("list the runs")?.pop() {
            Some(run) => Ok(run),
            None => {
                return Err(CliError::usage("there is no run yet").hint("agent run --branch main"));
            }
        },
    };
    found.map_err(|error| match error {
        StoreError::NoSuchRun(_) | StoreError::AmbiguousRun(_) => {
            CliError::usage(error).hint("`agent runs` lists them")
        }
        other => anyhow::Error::new(other).context("find the run").into(),
    })
}

fn line(stored: &StoredEvent) -> Option<String> {
    Some(match &stored.event {
        Event::StageReused { stage, from, .. } => {
            format!("{stage} taken over from {}", from.short())
        }
        Event::StageStarted { stage, attempt } => format!("{stage} started, attempt {attempt}"),
        Event::StageSucceeded { stage, .. } => format!("{stage} succeeded"),
        Event::StageFailed { stage, failure, .. } => format!("{stage} failed: {failure}"),
        Event::StageInterrupted { stage, .. } => format!("{stage} was interrupted"),
        Event::RetryScheduled { stage, attempt, due } => {
            format!("{stage} will be tried again ({attempt}) at {}", due.strftime("%T"))
        }
        Event::StageParked { stage, request, .. } => format!(
            "{stage} asks for approval of plan {} ({} changes) until {}",
            request.plan.short(),
            request.changes,
            request.until.strftime("%F %T UTC")
        ),
        Event::StageAwoken { stage } => format!("{stage} is looked at again"),
        Event::RunWithdrawn { why } => match why {
            Withdrawal::Superseded { by } => format!("superseded by {}", by.short()),
            Withdrawal::Unfit { why } => format!("given up: {why}"),
        },
        Event::StageSkipped { stage, .. } => format!("{stage} skipped"),
        Event::CancelRequested { .. } => "cancel requested".to_owned(),
        Event::RunCreated | Event::RunFinished { .. } => return None,
    })
}
