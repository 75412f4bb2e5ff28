//! `agent run`: what a push does, from here.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    live::Live,
    orders::{self, begin, refuse_closed},
    output::{Format, Output},
    person::person,
    plan::show_plan,
    real_scripts::RealScriptsArgs,
    source::{Source, SourceArgs, credentials, open_app, state_folder},
    summary::Summary,
};
use crate::{
    app::{App, Promotion},
    dispatch,
    engine::{Driven, EngineError, stages::outputs::VERDICT_EVIDENCE},
    exec::{Canceller, Inherited},
    flow::{Event, Outcome},
    ids::{RunId, StageName},
    project::Project,
    spec::{Action, FailureClass},
    store::{Facts, NewRun, Reused, RunRecord, StoreError},
};
use anyhow::Context as _;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Run the stages of a commit, as a push to its branch would
///
/// A run of the same commit that was interrupted is continued, not begun again. Only what is committed is run.
/// Ctrl-C stops gently; a second one kills.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) source: SourceArgs,
    #[command(flatten)]
    scripts: RealScriptsArgs,
    /// Check and plan only; write nothing anywhere
    #[arg(long, conflicts_with = "from")]
    pub(super) dry_run: bool,
    /// Begin at this stage, with what the stages before it left in an earlier run of the commit
    #[arg(long, value_name = "STAGE")]
    pub(super) from: Option<StageName>,
}

const EXAMPLES: &str = "\
Examples:
  agent run --branch main
  agent run --branch main --dry-run
  agent run --env dev
  agent run --branch main --from plan

Exit codes: 0 done, 1 failed, 2 wrong usage or invalid files, 3 the gate or a person refused,
            4 cancelled, 6 waiting for approval";

pub(crate) async fn run(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.source.repo)?;
    let source = args.source.resolve(&state)?;
    if source.repository.has_uncommitted_changes().unwrap_or(false) {
        output.talk("note: uncommitted changes are not part of this run");
    }
    let app = open_app(&state).await?;
    args.scripts.choose(&app.rehearsal_file(), output).await?;
    if args.dry_run {
        return show_plan(&app, &source, output).await;
    }
    let run = find_or_create(&app, &source, args.from.as_ref()).await?;
    promote(&app, source.project_for(&run)?, run, output).await
}

/// The unfinished run of this commit, or a new one.
async fn find_or_create(
    app: &App,
    source: &Source,
    from: Option<&StageName>,
) -> Result<RunRecord, CliError> {
    let (repository, project) = (source.repository.name(), &source.project);
    let reused = match from {
        Some(stage) => {
            let of = (repository.as_str(), &project.commit, &source.environment);
            let reused = dispatch::reused(&app.store, of, (&project.pipeline, stage)).await;
            reused.map_err(orders::refused)?
        }
        None => Reused::default(),
    };
    let new = NewRun {
        repository,
        reference: source.branch.clone(),
        commit: source.project.commit.clone(),
        environment: source.environment.clone(),
        facts: Facts {
            event: "manual".to_owned(),
            changed_paths: changed_paths(source),
            by: Some(person().name),
            ..Facts::default()
        },
        pipeline: source.project.pipeline.clone(),
        reused,
    };
    begin(app, new, |run| from.is_none() && run.outcome.is_none()).await
}

/// What the commit changed. A commit whose parent is not at hand changed everything, as far as `when` may ask.
fn changed_paths(source: &Source) -> Vec<String> {
    let Source { repository, project, .. } = source;
    let parent = repository.parent(&project.commit).ok().flatten();
    repository.changed_paths(parent.as_ref(), &project.commit).unwrap_or_default()
}

/// Drives `run` with a display, and says what it came to.
pub(crate) async fn promote(
    app: &App,
    project: Project,
    run: RunRecord,
    output: &Output,
) -> CliResult {
    let past = app.store.events(&run.id).await.context("read the run's events")?;
    if !past.iter().any(|stored| matches!(stored.event, Event::StageStarted { .. })) {
        refuse_closed(app, &run).await?;
    }
    let live = Arc::new(Live::new(output, app.clock.clone(), &run));
    live.begin(&past);
    let (canceller, cancel) = Canceller::new();
    let promotion = Promotion {
        project: Arc::new(project),
        credentials: credentials(),
        inherited: inherited(),
        masker: output.masker().clone(),
        watch: live.clone(),
        cancel,
    };
    let driven = tokio::select! {
        driven = promotion.drive_last(app, &run) => driven,
        never = live.redraw() => match never {},
        never = on_interrupt(&canceller, &live) => match never {},
    };
    live.finish();
    let driven = driven.map_err(|error| undriven(error, &run.id))?;
    ended(app, &run.id, driven, output).await
}

/// A run that another agent drives can at least be watched.
fn undriven(error: anyhow::Error, run: &RunId) -> CliError {
    let is_held =
        matches!(error.downcast_ref(), Some(EngineError::Store(StoreError::LeaseHeld { .. })));
    let failure = CliError::from(error);
    if is_held {
        failure.hint(format!("watch it: agent logs --follow {}", run.short()))
    } else {
        failure
    }
}

/// Each Ctrl-C stops harder, and so does each SIGTERM, which is how machines press it.
async fn on_interrupt(canceller: &Canceller, live: &Live) -> std::convert::Infallible {
    let presses = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = presses else {
        // Without a handler both end the process, which a resume can deal with.
        return std::future::pending().await;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        live.say(match canceller.press() {
            crate::flow::Stop::Gentle => "stopping; press Ctrl-C again to kill what runs",
            crate::flow::Stop::Forced => "killing",
        });
    }
}

async fn ended(app: &App, run: &RunId, driven: Driven, output: &Output) -> CliResult {
    let record = app.store.run(run).await.context("read the run")?;
    let events = app.store.events(run).await.context("read the run's events")?;
    let verdict =
        app.store.evidence(run, VERDICT_EVIDENCE).await.context("read the gate's verdict")?;
    let summary = Summary::of(&record, &events, verdict.as_ref());
    match output.format {
        Format::Json => output.json_line(&serde_json::json!({ "summary": summary }))?,
        Format::Text => output.data(&summary.text())?,
    }
    if let Some(note) = driven.unsent.told() {
        let folder = app.log_folder().of_run(run);
        output.talk(&format!("note: {note}; all are in {}", folder.display()));
        if driven.unsent.lines > 0 {
            let run = run.short();
            output.talk(&format!(
                "      they are shipped with the repository's next run here, or by: agent resume {run}"
            ));
        }
    }
    let Some(outcome) = &driven.outcome else {
        let run = run.short();
        output.talk(&format!(
            "the run waits for approval; nothing is held meanwhile
  agent resume {run}           goes on once it is approved; `agent serve` does so by itself"
        ));
        return Ok(Exit::Waiting);
    };
    Ok(exit(outcome, &record))
}

fn exit(outcome: &Outcome, run: &RunRecord) -> Exit {
    match outcome {
        Outcome::Succeeded => Exit::Done,
        Outcome::GateRefused | Outcome::Rejected => Exit::Refused,
        Outcome::Expired | Outcome::Unfit { .. } => Exit::Failed,
        Outcome::Cancelled | Outcome::Superseded { .. } => Exit::Cancelled,
        Outcome::Failed { stage, class } => {
            let failed = run.pipeline.stages.iter().find(|known| known.name == *stage);
            let is_built_in = failed.is_some_and(|stage| matches!(stage.action, Action::Uses(_)));
            // A command that fails says nothing about our files.
            if is_built_in && *class == FailureClass::UserError {
                Exit::Usage
            } else {
                Exit::Failed
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(crate) fn inherited() -> Inherited {
    Inherited::from(
        std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }),
    )
}
