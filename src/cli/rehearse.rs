//! `agent rehearse`: the closed loop as a story, told and checked in one command.

mod data;
mod folder;
mod voice;

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    real_scripts::RealScriptsArgs,
    source::{Source, SourceArgs, open_app, state_folder},
    state::State,
};
use crate::{
    app,
    clock::{Clock, SystemClock},
    spec::Cloud,
    story::{
        performance::{Pace, Play, Told, perform},
        plot::{Caption, plot},
        script::{FEWEST_DAYS, MOST_DAYS},
        stage::{Setting, Stage},
        timeline::{EXPLAINED, timeline},
    },
};
use anyhow::Context as _;
use folder::Folder;
use jiff::Timestamp;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use voice::Teller;

/// When every story begins: an hour before midnight, so that the default schedule has just fired.
const START: Timestamp = Timestamp::constant(1_793_574_000, 0);
/// What decides every draw.
const SEED: u64 = 1;

/// Tell the whole loop in simulated time: promote, infer, drift, retrain, approve, roll back
///
/// The story plays on a rehearsed cloud of its own, whatever the environment files say; nothing of it reaches AWS, and
/// your own rehearsal is not touched. Each step is checked: a broken promise ends the story with exit code 1 and says
/// where to look. Ends with a timeline and a plot.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    source: SourceArgs,
    /// Simulated days, from 8 to 370; further ones are clean nights before and after the drift
    #[arg(
        long,
        value_name = "N",
        default_value_t = FEWEST_DAYS,
        value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_DAYS)..=i64::from(MOST_DAYS))
    )]
    days: u32,
    /// Simulated seconds per real second [default: as fast as it goes]
    #[arg(long, value_name = "X", value_parser = speed)]
    speed: Option<f64>,
    /// Rows for the night in question, as CSV; with a data contract beside it (FILE.yaml), a data set in place of the repository's
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where the plot goes [default: rehearse.svg in the state folder]
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Keep the rehearsal in this empty folder, to look around in it afterwards
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    scripts: RealScriptsArgs,
}

const EXAMPLES: &str = "\
Examples:
  agent rehearse
  agent rehearse --days 60 --plot loop.svg
  agent rehearse --speed 86400                  a day a second
  agent rehearse --data tonight.csv             what if these rows came in?
  agent rehearse --data mine.csv                with mine.yaml beside it: the story on your own data
  agent rehearse --real-scripts                 with the repository's own Python and XGBoost
  agent rehearse --keep /tmp/story && agent runs --state /tmp/story

Exit codes: 0 every promise kept, 1 a promise broken, 2 wrong usage or invalid files";

pub(crate) async fn rehearse(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let own = state_folder(shared, &args.source.repo)?;
    let mut source = args.source.clone().or_default_branch(&own)?.resolve(&own)?;
    let play = data::play(args, &mut source.project)?;
    let folder = Folder::open(args.keep.as_deref())?;
    choose_scripts(args, folder.path(), output).await?;
    let told = tokio::select! {
        told = Box::pin(tell(args, (&play, source), folder.path(), output)) => told?,
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Cancelled),
    };
    let file = args.plot.clone().unwrap_or_else(|| own.join("rehearse.svg"));
    draw(&told, &file)?;
    ended(args, &told, (&file, output))?;
    folder.close(output)?;
    Ok(if told.broken.is_some() { Exit::Failed } else { Exit::Done })
}

/// The choice is kept beside the rehearsal, in the state folder, which must be there for it.
async fn choose_scripts(args: &Args, folder: &Path, output: &Output) -> Result<(), CliError> {
    open_app(&State::of_its_own(folder)).await?.store.close().await;
    args.scripts.choose(&app::rehearsal_file(folder), output).await
}

async fn tell(
    args: &Args,
    (play, source): (&Play, Source),
    folder: &Path,
    output: &Output,
) -> Result<Told, CliError> {
    let Source { repository, branch, environment, project } = source;
    let mut teller = Teller::new(output);
    if project.environments.get(&environment).is_some_and(|e| e.cloud == Cloud::Aws) {
        teller
            .aside(&format!("{environment} is on AWS; this story of it plays on a rehearsed one"));
    }
    let wall: Arc<dyn Clock> = Arc::new(SystemClock);
    let repository = repository.name();
    let setting = Setting { repository, branch, environment, project, wall: wall.clone() };
    let stage = Stage::set(folder, setting, START).await.context("set the stage")?;
    let pace = Pace { clock: wall, speed: args.speed };
    let told = Box::pin(perform(&stage, play, (&mut teller, pace))).await;
    stage.app.store.close().await;
    Ok(told.context("tell the story")?)
}

fn draw(told: &Told, file: &Path) -> Result<(), CliError> {
    let report = &told.report;
    let dates = (report.days.first(), report.days.last());
    let dates = match dates {
        (Some(first), Some(last)) => format!("{} to {}", first.date, last.date),
        _ => String::new(),
    };
    let caption = Caption {
        title: format!(
            "The closed loop of {} in {}, rehearsed",
            report.project, report.environment
        ),
        subtitle: format!("{dates}; trained on {}; drift night: {}", report.data, report.drift),
    };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    fs::write(file, plot(&caption, &report.days)).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("write {}", file.display()));
        CliError::from(error).hint("name a file that can be written: --plot FILE")
    })
}

fn ended(args: &Args, told: &Told, (file, output): (&Path, &Output)) -> Result<(), CliError> {
    let report = &told.report;
    if output.format == Format::Json {
        return output.json(report);
    }
    output.talk("");
    output.data(&timeline(&report.days))?;
    output.data(EXPLAINED)?;
    for text in &report.left_out {
        output.data(&format!("left out: {text}"))?;
    }
    let kept = report.promises.len();
    output.talk("");
    match &told.broken {
        None => output.talk(&format!("All {kept} promises kept.")),
        Some(broken) => {
            let look = match &args.keep {
                Some(state) => format!("{} --state {}", broken.look, state.display()),
                None => format!("agent rehearse --keep DIR, then {} --state DIR", broken.look),
            };
            output.talk(&format!("{broken}\nlook: {look}"));
        }
    }
    output.talk(&format!("Plot: {}", file.display()));
    Ok(())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if speed.is_finite() && speed > 0.0 { Ok(speed) } else { Err("must be above 0".to_owned()) }
}
