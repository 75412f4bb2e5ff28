//! `agent logs`: a run's lines as they were kept, before and whether or not they reached a cloud.

use super::{
    Shared,
    cloud_logs::{self, SearchArgs, Wanted},
    elsewhere::Elsewhere,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    show::find,
    source::{open_app, state_folder},
};
use crate::{
    app::App,
    flow::Event,
    ids::{EnvName, StageName},
    logs::{LogLine, Tail},
    store::RunRecord,
};
use anyhow::Context as _;
use std::time::Duration;

/// How often `--follow` looks for new lines: below what a person notices.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

/// How often it looks into CloudWatch: a look costs a call of a shared quota (FilterLogEvents, 5 to 10 a second).
const CLOUD_FOLLOW_INTERVAL: Duration = Duration::from_secs(2);

/// Show a run's log lines
///
/// The lines kept on this machine; lines of other agents that share the store are only named. The same lines are in the environment's CloudWatch group (jenkins-log by default),
/// in streams named ENVIRONMENT/PIPELINE/RUN/STAGE; --env shows those. A message longer than 128 KiB stands on several
/// lines: each but the last ends with '…[continues]', each but the first begins with '[continued]…'.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// The run, by the last digits of its id [default: the newest]
    pub(super) run: Option<String>,
    /// Only this stage's lines
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Option<StageName>,
    /// Go on with new lines until the run ends
    #[arg(long, short)]
    pub(super) follow: bool,
    /// From this environment's CloudWatch group; a run of another agent is named by its whole id
    #[arg(long, value_name = "NAME")]
    env: Option<EnvName>,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

const EXAMPLES: &str = "\
Examples:
  agent logs
  agent logs 3f2a1c9e --stage train-test
  agent logs --follow
  agent logs --env prod 3f2a1c9e -f
  agent logs search 'AUC' --env prod --since 2d";

#[derive(Debug, clap::Subcommand)]
enum What {
    Search(SearchArgs),
}

impl Args {
    /// Is it CloudWatch that is to be read?
    pub(super) fn is_of_cloud(&self) -> bool {
        self.what.is_some() || self.env.is_some()
    }
}

/// What is said before a line's message, beside the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing: all lines are of one stage.
    OneStage,
    /// The stage.
    WithStage,
    /// Day, run and stage.
    WithRun,
}

pub(crate) async fn logs(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    if let Some(What::Search(search)) = &args.what {
        return cloud_logs::search(search, shared, output).await;
    }
    if let Some(env) = &args.env {
        let (run, stage) = (args.run.as_deref(), args.stage.as_ref());
        let wanted = Wanted { env, repo: &args.repo, run, stage };
        let every = args.follow.then_some(CLOUD_FOLLOW_INTERVAL);
        return cloud_logs::show(wanted, every, shared, output).await;
    }
    let state = state_folder(shared, &args.repo)?;
    let app = open_app(&state).await?;
    let run = find(&app, args.run.as_deref()).await?;
    let known: Vec<&str> = run.pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    if let Some(stage) = &args.stage
        && !known.contains(&stage.as_str())
    {
        return Err(CliError::usage(format!("the run has no stage '{stage}'"))
            .hint(format!("its stages: {}", known.join(", "))));
    }
    say_where_else(&app, &run, args.stage.as_ref(), output).await?;
    if app.log_folder().was_removed(&run.id) {
        let (environment, id) = (&run.environment, run.id.short());
        output.talk(&format!(
            "note: these lines were removed here to make room: agent logs --env {environment} {id}"
        ));
    }
    let shown = if args.stage.is_some() { Shown::OneStage } else { Shown::WithStage };
    let mut tail = Tail::new(app.log_folder(), run.id.clone(), args.stage.clone());
    let mut elsewhere = Elsewhere::default();
    loop {
        // Asked before reading, so that lines written before the end are read after it.
        let ended = app.store.run(&run.id).await.context("read the run")?.outcome.is_some();
        elsewhere.tell(&app, &run, output).await?;
        tail.look().context("look for lines")?;
        while let Some(line) = tail.next().context("read a line")? {
            print(&line, shown, output)?;
        }
        if ended || !args.follow {
            return Ok(Exit::Done);
        }
        app.clock.sleep(FOLLOW_INTERVAL).await;
    }
}

/// Stages that were taken over have their lines in the run they succeeded in.
async fn say_where_else(
    app: &App,
    run: &RunRecord,
    only: Option<&StageName>,
    output: &Output,
) -> Result<(), CliError> {
    for stored in app.store.events(&run.id).await.context("read the run's events")? {
        if let Event::StageReused { stage, from, .. } = &stored.event
            && only.is_none_or(|only| only == stage)
        {
            let from = from.short();
            output.talk(&format!(
                "note: '{stage}' was taken over from run {from}: agent logs {from}"
            ));
        }
    }
    Ok(())
}

/// Prints a line.
pub(super) fn print(line: &LogLine, shown: Shown, output: &Output) -> Result<(), CliError> {
    if output.format == Format::Json {
        let text = serde_json::to_string(line).context("write a line as JSON")?;
        return output.data(&text);
    }
    let (time, message) = (line.time.strftime("%T%.3f"), harmless(&line.message));
    let (stage, run) = (&line.stage, line.run.short());
    match shown {
        Shown::OneStage => output.data(&format!("{time} {message}")),
        Shown::WithStage => output.data(&format!("{time} {stage} | {message}")),
        Shown::WithRun => {
            let day = line.time.strftime("%F");
            output.data(&format!("{day} {time} {run} {stage} | {message}"))
        }
    }
}
