//! `agent logs --env` and `agent logs search`: lines as they are in an environment's CloudWatch group.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    logs::{Shown, print},
    output::Output,
    source::{Source, SourceArgs, open_app, state_folder},
};
use crate::{
    app::{self, App, AppClouds},
    aws::CloudError,
    engine::stages::Clouds as _,
    ids::{EnvName, RunId, StageName},
    logs::{self, Archive, Extent, Follower, Search},
    spec::{LogGroup, LogGroupClass},
    store::StoreError,
};
use anyhow::Context as _;
use std::time::Duration;

/// Lines that a search shows at most: more than a person reads.
const MOST_FOUND: usize = 1_000;

/// Search the lines of all runs in an environment's CloudWatch group
#[derive(Debug, clap::Args)]
#[command(after_help = SEARCH_EXAMPLES)]
pub(super) struct SearchArgs {
    /// What the message must hold, letter for letter
    text: String,
    /// The environment whose group is searched
    #[arg(long, value_name = "NAME")]
    env: EnvName,
    /// How far back
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    since: Duration,
    /// Only this run, by the last digits of its id, or by all of it if another agent ran it
    #[arg(long, value_name = "RUN")]
    run: Option<String>,
    /// The repository
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
}

const SEARCH_EXAMPLES: &str = "\
Examples:
  agent logs search 'AUC' --env prod
  agent logs search 'refused' --env prod --since 2d
  agent logs search 'AccessDenied' --env prod --run 3f2a1c9e --json | jq .message";

/// Which run's lines to show.
pub(super) struct Wanted<'a> {
    pub(super) env: &'a EnvName,
    pub(super) repo: &'a str,
    pub(super) run: Option<&'a str>,
    pub(super) stage: Option<&'a StageName>,
}

/// Searches a group.
pub(super) async fn search(args: &SearchArgs, shared: &Shared, output: &Output) -> CliResult {
    let group = Group::open(&args.repo, &args.env, shared).await?;
    let stream_prefix = match &args.run {
        Some(digits) => group.prefix(&group.run(Some(digits)).await?),
        None => String::new(),
    };
    let now = group.app.clock.now().as_millisecond();
    let since = i64::try_from(args.since.as_millis()).unwrap_or(i64::MAX);
    let from_ms = now.saturating_sub(since).max(0);
    let search = Search { text: args.text.clone(), stream_prefix, from_ms, most: MOST_FOUND };
    let found = group.archive.search(&search).await.context("search the log group")?;
    for line in &found.lines {
        print(line, Shown::WithRun, output)?;
    }
    if found.extent == Extent::Cut {
        output.talk(&format!(
            "note: cut after {} lines; there may be more: narrow it with --since or --run",
            found.lines.len()
        ));
    } else if found.lines.is_empty() {
        output.talk("Nothing found; --since looks further back (7d unless said otherwise)");
    }
    Ok(Exit::Done)
}

/// Shows a run's lines; with `every`, goes on with new ones each time that has passed, until the run has ended.
pub(super) async fn show(
    wanted: Wanted<'_>,
    every: Option<Duration>,
    shared: &Shared,
    output: &Output,
) -> CliResult {
    let group = Group::open(wanted.repo, wanted.env, shared).await?;
    let run = group.run(wanted.run).await?;
    let (prefix, app) = (group.prefix(&run), group.app);
    let mut follower = Follower::of(group.archive, prefix);
    let shown = if wanted.stage.is_some() { Shown::OneStage } else { Shown::WithStage };
    loop {
        // Asked before reading, so that lines written before the end are read after it.
        let has_ended = has_ended(&app, &run).await?;
        let heard = |line: logs::LogLine| -> Result<(), CliError> {
            match wanted.stage {
                Some(stage) if *stage != line.stage => Ok(()),
                Some(_) | None => print(&line, shown, output),
            }
        };
        let new = follower.poll(heard).await?;
        match every {
            Some(pause) if !has_ended || new > 0 => app.clock.sleep(pause).await,
            Some(_) | None => return Ok(Exit::Done),
        }
    }
}

/// Whether the run has ended, as far as this agent knows; a run of another agent is followed until Ctrl-C.
async fn has_ended(app: &App, run: &RunId) -> Result<bool, CliError> {
    match app.store.run(run).await {
        Ok(record) => Ok(record.outcome.is_some()),
        Err(StoreError::NoSuchRun(_)) => Ok(false),
        Err(error) => Err(anyhow::Error::new(error).context("read the run").into()),
    }
}

/// An environment's group, and what is needed to name a run in it.
struct Group {
    app: App,
    archive: Archive,
    environment: EnvName,
    pipeline: String,
}

impl Group {
    async fn open(repo: &str, env: &EnvName, shared: &Shared) -> Result<Self, CliError> {
        let state = state_folder(shared, repo)?;
        let Source { project, environment: name, .. } =
            SourceArgs::of(repo, Some(env.clone())).resolve(&state)?;
        let app = open_app(&state).await?;
        let file = app.rehearsal_file();
        let clouds = AppClouds::open(&project.environments, &file, app.clock.clone()).await?;
        let environment = project.environments.get(&name).context("find the environment")?;
        readable(&environment.log_group)?;
        let access = clouds.access(environment).context("reach the log group")?;
        let archive = Archive::open(&access, environment, &app::ad_hoc_run()).await;
        let archive = archive.context("reach the log group")?;
        Ok(Self { app, archive, environment: name, pipeline: project.pipeline.name })
    }

    /// The run by its last digits or its whole id; the environment's newest that this agent knows if not named.
    async fn run(&self, named: Option<&str>) -> Result<RunId, CliError> {
        let Some(digits) = named else {
            let runs = self.app.store.newest_runs(SEARCHED_RUNS).await.context("list the runs")?;
            let newest = runs.into_iter().find(|run| run.environment == self.environment);
            return newest.map(|run| run.id).ok_or_else(|| {
                CliError::usage(format!("this agent knows no run into '{}'", self.environment))
                    .hint("name one by its whole id: agent logs --env NAME RUN")
            });
        };
        match (self.app.store.run_by_digits(digits).await, digits.parse()) {
            (Ok(run), _) => Ok(run.id),
            (Err(StoreError::NoSuchRun(_)), Ok(id)) => Ok(id),
            (Err(error @ (StoreError::NoSuchRun(_) | StoreError::AmbiguousRun(_))), _) => {
                Err(CliError::usage(error)
                    .hint("`agent runs` lists this agent's; name another agent's by its whole id"))
            }
            (Err(error), _) => Err(anyhow::Error::new(error).context("find the run").into()),
        }
    }

    fn prefix(&self, run: &RunId) -> String {
        format!("{}/", logs::stream_prefix(&self.environment, &self.pipeline, run))
    }
}

/// Whether lines of the group can be read at all.
fn readable(group: &LogGroup) -> Result<(), CliError> {
    let LogGroup { name, class, .. } = group;
    match class {
        LogGroupClass::Standard => Ok(()),
        LogGroupClass::InfrequentAccess => Err(CliError::usage(format!(
            "log group {name} is of class {}: CloudWatch reads its lines by queries only",
            class.name()
        ))
        .hint(format!(
            "the lines of this machine's runs: agent logs RUN; all: aws logs start-query --log-group-name {name} \
             --query-string 'fields @message | sort @timestamp' --start-time SECONDS --end-time SECONDS"
        ))),
    }
}

/// Runs among which the newest of an environment is looked for.
const SEARCHED_RUNS: u32 = 1_000;

impl From<CloudError> for CliError {
    fn from(error: CloudError) -> Self {
        anyhow::Error::new(error).context("read the log group").into()
    }
}

/// Reads `2d`, `90m`, `1h 30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a number with its unit, as in 90m, 12h or 2d".to_owned();
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let length =
        span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}
