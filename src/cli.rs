//! The command line: one file per command, and what all of them share.
//!
//! A command parses, asks `app` for the piece it needs, prints, and answers an [`Exit`]. Data goes to standard
//! output, talk to standard error; nothing else in this crate prints.

mod apply;
mod baseline;
mod cloud_logs;
mod completions;
mod data;
mod deliveries;
mod deployed;
mod destroy;
mod doctor;
mod drift;
mod failure;
mod from;
mod live;
mod logs;
mod models;
mod monitor;
mod output;
mod plan;
mod real_scripts;
mod rehearsal;
mod rehearse;
mod resume;
mod rollback;
mod run;
mod runs;
mod saved_plan;
mod secrets;
mod schema;
mod serve;
mod show;
mod source;
mod summary;
mod validate;
mod watch;

use clap::{Parser, Subcommand};
use failure::{CliResult, Exit};
use output::{Colour, Format, Output};
use std::{path::PathBuf, process::ExitCode};

/// Promotes machine-learning pipelines between AWS accounts, from one pipeline.yaml.
#[derive(Debug, Parser)]
#[command(name = "agent", version, max_term_width = 110, after_help = AFTER_HELP)]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
struct Shared {
    /// Where runs, logs and the rehearsal are kept [default: .agent in the repository]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "AGENT_STATE",
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    state: Option<PathBuf>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// When to use colour: auto is on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Doctor(doctor::Args),
    Drift(drift::Args),
    Rollback(rollback::Args),
    Destroy(destroy::Args),
    Validate(validate::Args),
    Runs(runs::Args),
    Show(show::Args),
    Logs(logs::Args),
    Resume(resume::Args),
    Models(models::Args),
    Watch(watch::Args),
    Serve(serve::Args),
    Deliveries(deliveries::Args),
    Data(data::Args),
    Monitor(monitor::Args),
    Baseline(baseline::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Rehearse(rehearse::Args),
    Rehearsal(rehearsal::Args),
}

const AFTER_HELP: &str = "\
Examples:
  agent validate                    check pipeline.yaml and everything it names
  agent run --branch main           run the stages of main, as a push would
  agent doctor --env prod           check the account, its roles, keys and buckets
  agent plan --env prod             what a deployment would change, changing nothing
  agent runs                        what ran, newest first
  agent logs --follow RUN           a run's log lines; with --env those in CloudWatch
  agent models approve 1 --env prod --reason 'reviewed with the clinic'

Exit codes: 0 done, 1 failed, 2 wrong usage or invalid files, 3 the gate refused, 4 cancelled,
            5 drift found";

/// Runs the program: parses the process's arguments, performs, answers the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            let code = if message.use_stderr() { Exit::Usage } else { Exit::Done };
            let _unheard = message.print();
            return code.into();
        }
    };
    let format = if cli.shared.json { Format::Json } else { Format::Text };
    let output = Output::new(format, cli.shared.color, secrets::masker());
    perform(&cli, &output)
        .unwrap_or_else(|failure| {
            output.failure(&failure);
            failure.exit()
        })
        .into()
}

fn perform(cli: &Cli, output: &Output) -> CliResult {
    match &cli.command {
        Command::Schema(args) => schema::schema(args, output),
        Command::Completions(args) => completions::completions(args, output),
        Command::Data(args) => data::data(args, output),
        Command::Monitor(args) => monitor::monitor(args, output),
        Command::Validate(args) => validate::validate(args, output),
        Command::Baseline(args) => baseline::baseline(args, output),
        Command::Run(args) => block_on(run::run(args, &cli.shared, output)),
        Command::Plan(args) => block_on(plan::plan(args, &cli.shared, output)),
        Command::Apply(args) => block_on(apply::apply(args, &cli.shared, output)),
        Command::Doctor(args) => block_on(doctor::doctor(args, &cli.shared, output)),
        Command::Drift(args) => block_on(drift::drift(args, &cli.shared, output)),
        Command::Destroy(args) => block_on(destroy::destroy(args, &cli.shared, output)),
        Command::Rollback(args) => block_on(rollback::rollback(args, &cli.shared, output)),
        Command::Runs(args) => block_on(runs::runs(args, &cli.shared, output)),
        Command::Show(args) => block_on(show::show(args, &cli.shared, output)),
        Command::Logs(args) => block_on(logs::logs(args, &cli.shared, output)),
        Command::Resume(args) => block_on(resume::resume(args, &cli.shared, output)),
        Command::Models(args) => block_on(models::models(args, &cli.shared, output)),
        Command::Rehearse(args) => block_on(rehearse::rehearse(args, &cli.shared, output)),
        Command::Watch(args) => block_on(watch::watch(args, &cli.shared, output)),
        Command::Serve(args) => block_on_and_leave(serve::serve(args, &cli.shared, output)),
        Command::Deliveries(args) => block_on(deliveries::deliveries(args, &cli.shared, output)),
        Command::Rehearsal(args) => block_on(rehearsal::rehearsal(args, &cli.shared, output)),
    }
}

/// Runs an asynchronous command on a runtime of its own.
fn block_on(command: impl Future<Output = CliResult>) -> CliResult {
    runtime()?.block_on(command)
}

/// The same, leaving behind what is still under way on threads of its own, such as a fetch from a server that hangs.
fn block_on_and_leave(command: impl Future<Output = CliResult>) -> CliResult {
    let runtime = runtime()?;
    let ended = runtime.block_on(command);
    runtime.shutdown_background();
    ended
}

fn runtime() -> Result<tokio::runtime::Runtime, failure::CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(built.map_err(|error| anyhow::Error::new(error).context("start the runtime"))?)
}
