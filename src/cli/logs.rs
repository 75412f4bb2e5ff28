//! `agent logs`: a run's lines as they were kept, before and whether or not they reached a cloud.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output, harmless},
    show::find,
    source::{open_app, state_folder},
};
use crate::{
    app::App,
    flow::Event,
    ids::StageName,
    logs::{LogFolder, LogLine, LogReader},
    store::RunRecord,
};
use anyhow::Context as _;
use std::{collections::BTreeMap, time::Duration};

/// How often `--follow` looks for new lines: below what a person notices.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(200);

/// Show a run's log lines
///
/// The lines kept on this machine. The same lines are in the environment's CloudWatch group (jenkins-log by default),
/// in streams named ENVIRONMENT/PIPELINE/RUN/STAGE.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  agent logs\n  agent logs 3f2a1c9e --stage train-test\n  agent logs --follow"
)]
pub(crate) struct Args {
    /// The run, by the last digits of its id [default: the newest]
    run: Option<String>,
    /// Only this stage's lines
    #[arg(long, value_name = "NAME")]
    stage: Option<StageName>,
    /// Go on with new lines until the run ends
    #[arg(long, short)]
    follow: bool,
    /// The repository whose run is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn logs(args: &Args, shared: &Shared, output: &Output) -> CliResult {
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
    let mut tail = Tail::new(app.log_folder(), run.clone(), args.stage.clone());
    loop {
        // Asked before reading, so that lines written before the end are read after it.
        let ended = app.store.run(&run.id).await.context("read the run")?.outcome.is_some();
        for line in tail.next_lines()? {
            print(&line, args.stage.is_some(), output)?;
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

fn print(line: &LogLine, one_stage: bool, output: &Output) -> Result<(), CliError> {
    if output.format == Format::Json {
        let text = serde_json::to_string(line).context("write a line as JSON")?;
        return output.data(&text);
    }
    let (time, message) = (line.time.strftime("%T%.3f"), harmless(&line.message));
    if one_stage {
        output.data(&format!("{time} {message}"))
    } else {
        output.data(&format!("{time} {} | {message}", line.stage))
    }
}

/// The lines of a run's stages, from where the last reading stopped.
struct Tail {
    folder: LogFolder,
    run: RunRecord,
    only: Option<StageName>,
    positions: BTreeMap<StageName, u64>,
}

impl Tail {
    fn new(folder: LogFolder, run: RunRecord, only: Option<StageName>) -> Self {
        Self { folder, run, only, positions: BTreeMap::new() }
    }

    /// What was written since the last call, in order of time.
    fn next_lines(&mut self) -> anyhow::Result<Vec<LogLine>> {
        let mut lines = Vec::new();
        for stage in self.folder.stages(&self.run.id).context("list the run's logs")? {
            if self.only.as_ref().is_some_and(|only| *only != stage) {
                continue;
            }
            let position = self.positions.entry(stage.clone()).or_default();
            let path = self.folder.of_stage(&self.run.id, &stage);
            let read = || format!("read {}", path.display());
            let mut reader = LogReader::open(&path, *position).with_context(read)?;
            while let Some(piece) = reader.next().with_context(read)? {
                *position = piece.end;
                lines.push(piece.line);
            }
        }
        lines.sort_by_key(|line| line.time);
        Ok(lines)
    }
}
