//! `agent watch`: judges what an environment's inference pipeline did, and answers drift.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, AppClouds},
    aws::{Access, Purpose},
    engine::stages::Clouds as _,
    ids::EnvName,
    spec::{DataContract, Environment},
    store::StoreError,
    watch::{Action, Answered, Journal, Pass, Point, WatchError, Watcher},
};
use anyhow::Context as _;
use comfy_table::{Table, presets::NOTHING};
use jiff::SignedDuration;
use std::{fmt::Write as _, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// Time between two looks: below a second it would be noise, above a day drift would wait for a night more.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// Judge new inference executions, and answer drift with a training
///
/// Tells drift from failure by the reports of each execution, starts at most one training per cooldown on the data
/// that arrived, stops after too many unapproved versions, and tells people what happened and what happens next. The
/// environment's file says what is done: respond, retrain and monitor.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The environment to watch
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// Look once and end
    #[arg(long)]
    once: bool,
    /// Pause between two looks, such as 30s, 5m or 1h
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = pause, conflicts_with = "once")]
    every: Duration,
    /// Judge and decide, but start nothing, tell nobody and remember nothing; implies --once
    #[arg(long)]
    dry_run: bool,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent watch --env prod --once
  agent watch --env prod --once --dry-run
  agent watch --env prod --every 15m

Exit codes: 0 nothing to do or all of it done, 1 something could not be done (the next look tries again)";

fn pause(text: &str) -> Result<Duration, String> {
    let pause =
        text.parse::<SignedDuration>().ok().and_then(|pause| Duration::try_from(pause).ok());
    let pause = pause.ok_or("write a number with its unit, as in 30s, 5m or 1h")?;
    if (SHORTEST_PAUSE..=LONGEST_PAUSE).contains(&pause) {
        Ok(pause)
    } else {
        Err("from 1s to 24h".to_owned())
    }
}

pub(crate) async fn watch(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let source = SourceArgs::of(&args.repo, Some(args.env.clone()));
    let Source { project, environment, .. } = source.resolve(&state)?;
    let app = open_app(&state).await?;
    let clouds =
        AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone()).await?;
    let environment = project.environments.get(&environment).context("find the environment")?;
    let access = clouds.access(environment).context("reach the cloud")?;
    let contract = project.training.as_ref().map(|training| &training.contract);
    let look = Look { app: &app, access, environment, contract };
    if args.once || args.dry_run {
        let pass = if args.dry_run { look.preview().await } else { look.pass().await }?;
        return shown(&pass, Mode::Once, output);
    }
    keep_looking(&look, args.every, output).await
}

/// Looks until somebody stops it; a look that has begun is finished.
async fn keep_looking(look: &Look<'_>, every: Duration, output: &Output) -> CliResult {
    let mut stop = signal(SignalKind::interrupt()).context("listen for Ctrl-C")?;
    output.talk(&format!("Watching {}. Ctrl-C stops.", look.environment.name));
    loop {
        match look.pass().await {
            Ok(pass) => drop(shown(&pass, Mode::Loop, output)?),
            // The account may be out of reach for an hour: the next look tries again.
            Err(failure) => output.failure(&failure),
        }
        tokio::select! {
            biased;
            _ = stop.recv() => {
                output.talk("Stopped.");
                return Ok(Exit::Done);
            }
            () = look.app.clock.sleep(every) => {}
        }
    }
}

/// What each look needs.
struct Look<'a> {
    app: &'a App,
    access: Access,
    environment: &'a Environment,
    contract: Option<&'a DataContract>,
}

/// Nobody watches the watcher's single steps.
struct Unheard;

impl Journal for Unheard {
    fn reached(&mut self, _: Point) {}
}

impl Look<'_> {
    async fn pass(&self) -> Result<Pass, CliError> {
        let session =
            self.access.assume(self.environment, &app::ad_hoc_run(), Purpose::Watch).await;
        let session = session.context("take the deploy role for watching")?;
        self.watcher(&session).pass(&mut Unheard).await.map_err(of_watch)
    }

    async fn preview(&self) -> Result<Pass, CliError> {
        let session = self.access.assume(self.environment, &app::ad_hoc_run(), Purpose::Read).await;
        let session = session.context("take the deploy role for reading")?;
        self.watcher(&session).preview().await.map_err(of_watch)
    }

    fn watcher<'s>(&'s self, session: &'s crate::aws::Session) -> Watcher<'s> {
        Watcher {
            store: &self.app.store,
            clock: &*self.app.clock,
            session,
            environment: self.environment,
            contract: self.contract,
        }
    }
}

fn of_watch(error: WatchError) -> CliError {
    let held = matches!(error, WatchError::Store(StoreError::Watched { .. }));
    let error = CliError::from(anyhow::Error::new(error).context("watch the environment"));
    if held {
        error.hint("one watcher for an environment is enough; end the other one")
    } else {
        error
    }
}

/// How often passes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Once,
    Loop,
}

fn shown(pass: &Pass, mode: Mode, output: &Output) -> CliResult {
    match (output.format, mode) {
        (Format::Json, Mode::Once) => output.json(pass)?,
        (Format::Json, Mode::Loop) => output.json_line(pass)?,
        (Format::Text, _) => {
            if !pass.answered.is_empty() {
                output.data(&table(&pass.answered))?;
            } else if mode == Mode::Once {
                output.talk("Nothing new has ended.");
            }
            if pass.running > 0 {
                output.talk(&format!("{} not ended yet.", pass.running));
            }
        }
    }
    for trouble in &pass.troubles {
        output.talk(&format!("Could not finish {}: {}", trouble.execution, trouble.problem));
    }
    Ok(if pass.troubles.is_empty() { Exit::Done } else { Exit::Failed })
}

/// A line for each execution, and below it what there is to say.
fn table(answered: &[Answered]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["EXECUTION", "BEGUN", "VERDICT", "DONE"]);
    for answer in answered {
        let begun = answer.case.began.strftime("%F %T").to_string();
        table.add_row([answer.case.id(), &begun, answer.case.finding.as_str(), done(answer)]);
    }
    let mut text = table.to_string();
    for answer in answered.iter().filter(|answer| !matches!(answer.action, Action::Nothing(_))) {
        let _ = write!(text, "\n\n{}", answer.case.id());
        let assessment = answer.case.grounds.assessment.as_ref();
        let reasons = assessment.map(crate::monitor::Assessment::reasons).unwrap_or_default();
        for reason in reasons {
            let _ = write!(text, "\n  {reason}");
        }
        let _ = write!(text, "\n  next: {}", answer.message);
    }
    text
}

fn done(answer: &Answered) -> &'static str {
    match (&answer.action, answer.told) {
        (Action::StartTraining(_), Some(_)) => "training started, people told",
        (Action::StartTraining(_), None) => "a training would start",
        (Action::Alert(_), Some(_)) => "people told",
        (Action::Alert(_), None) => "people would be told",
        (Action::Nothing(_), _) => "nothing",
    }
}
