//! The command line: one file per command, and what all of them share.
//!
//! A command parses, asks `app` for the piece it needs, prints, and answers an [`Exit`]. Data goes to standard
//! output, talk to standard error; nothing else in this crate prints.

mod against;
mod agents;
mod apply;
mod approve;
mod audit;
mod baseline;
mod bootstrap;
mod cancel;
mod cloud_logs;
mod completions;
mod confirm;
mod data;
mod deliveries;
mod deployed;
mod destroy;
mod doctor;
mod drift;
mod elsewhere;
mod failure;
mod live;
mod lock;
mod logs;
mod models;
mod monitor;
mod orders;
mod output;
mod person;
mod plan;
mod queue;
mod real_scripts;
mod rehearsal;
mod rehearse;
mod reject;
mod remote;
mod resume;
mod retry;
mod rollback;
mod run;
mod runs;
mod saved_plan;
mod secrets;
mod schema;
mod serve;
mod show;
mod source;
mod state;
mod summary;
mod unlock;
mod token;
mod validate;
mod watch;

use clap::{Parser, Subcommand};
use failure::{CliError, CliResult, Exit};
use output::{Colour, Format, Output};
use std::{path::PathBuf, process::ExitCode, time::Duration};

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
    /// The store of a fleet, such as postgres://USER@HOST/DATABASE [default: a file in --state]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "AGENT_STORE",
        hide_env_values = true,
        help_heading = "Everywhere"
    )]
    store: Option<state::Given>,
    /// How long a run stays with an agent of a fleet that is not heard of, from 5s to 10m
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "AGENT_LEASE",
        default_value = "60s",
        value_parser = lease,
        hide = true,
        help_heading = "Everywhere"
    )]
    lease: Duration,
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
    #[command(flatten)]
    server: remote::ServerArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Bootstrap(bootstrap::Args),
    Doctor(doctor::Args),
    Drift(drift::Args),
    Rollback(rollback::Args),
    Destroy(destroy::Args),
    Validate(validate::Args),
    Runs(runs::Args),
    Show(show::Args),
    Logs(logs::Args),
    Resume(resume::Args),
    Queue(queue::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Cancel(cancel::Args),
    Retry(retry::Args),
    Redeploy(retry::RedeployArgs),
    Lock(lock::Args),
    Unlock(unlock::Args),
    Agents(agents::Args),
    Models(models::Args),
    Watch(watch::Args),
    Serve(serve::Args),
    Deliveries(deliveries::Args),
    Token(token::Args),
    Audit(audit::Args),
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
  agent bootstrap --env prod        what its accounts must hold before the first deployment
  agent doctor --env prod           check the account, its roles, keys and buckets
  agent plan --env prod             what a deployment would change, changing nothing
  agent runs                        what ran, newest first
  agent logs --follow RUN           a run's log lines; with --env those in CloudWatch
  agent models approve 1 --env prod --reason 'reviewed with the clinic'

Exit codes: 0 done, 1 failed, 2 wrong usage or invalid files, 3 the gate refused, 4 cancelled,
            5 something differs from what it should be, 6 waiting for approval";

/// `--lease`. Below the shortest a busy machine would lose its runs; above the longest a dead one keeps them for too long.
fn lease(text: &str) -> Result<Duration, String> {
    const SHORTEST: Duration = Duration::from_secs(5);
    const LONGEST: Duration = Duration::from_secs(600);
    let wrong = || "a time from 5s to 10m, such as 15s".to_owned();
    let lease: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    let lease = Duration::try_from(lease).map_err(|_| wrong())?;
    if (SHORTEST..=LONGEST).contains(&lease) { Ok(lease) } else { Err(wrong()) }
}

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
    let given = cli.shared.store.as_ref().map(state::Given::secrets).unwrap_or_default();
    let output = Output::new(format, cli.shared.color, secrets::masker(given));
    perform(&cli, &output)
        .unwrap_or_else(|failure| {
            output.failure(&failure);
            failure.exit()
        })
        .into()
}

fn perform(cli: &Cli, output: &Output) -> CliResult {
    let elsewhere = remote::named(&cli.shared)
        .map(|server| block_on(remote::perform(&cli.command, server, &cli.shared, output)));
    if let Some(done) = elsewhere.and_then(Result::transpose) {
        return done;
    }
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
        Command::Bootstrap(args) => block_on(bootstrap::bootstrap(args, &cli.shared, output)),
        Command::Doctor(args) => block_on(doctor::doctor(args, &cli.shared, output)),
        Command::Drift(args) => block_on(drift::drift(args, &cli.shared, output)),
        Command::Destroy(args) => block_on(destroy::destroy(args, &cli.shared, output)),
        Command::Rollback(args) => block_on(rollback::rollback(args, &cli.shared, output)),
        Command::Runs(args) => block_on(runs::runs(args, &cli.shared, output)),
        Command::Show(args) => block_on(show::show(args, &cli.shared, output)),
        Command::Logs(args) => block_on(logs::logs(args, &cli.shared, output)),
        Command::Queue(args) => block_on(queue::queue(args, &cli.shared, output)),
        Command::Approve(args) => block_on(approve::approve(args, &cli.shared, output)),
        Command::Reject(args) => block_on(reject::reject(args, &cli.shared, output)),
        Command::Cancel(args) => block_on(cancel::cancel(args, &cli.shared, output)),
        Command::Retry(args) => block_on(retry::retry(args, &cli.shared, output)),
        Command::Redeploy(args) => block_on(retry::redeploy(args, &cli.shared, output)),
        Command::Lock(args) => block_on(lock::lock(args, &cli.shared, output)),
        Command::Unlock(args) => block_on(unlock::unlock(args, &cli.shared, output)),
        Command::Resume(args) => block_on(resume::resume(args, &cli.shared, output)),
        Command::Agents(args) => block_on(agents::agents(args, &cli.shared, output)),
        Command::Models(args) => block_on(models::models(args, &cli.shared, output)),
        Command::Rehearse(args) => block_on(rehearse::rehearse(args, &cli.shared, output)),
        Command::Watch(args) => block_on(watch::watch(args, &cli.shared, output)),
        Command::Token(args) => block_on(token::token(args, &cli.shared, output)),
        Command::Audit(args) => block_on(audit::audit(args, &cli.shared, output)),
        Command::Serve(args) => block_on_and_leave(serve::serve(args, &cli.shared, output)),
        Command::Deliveries(args) => block_on(deliveries::deliveries(args, &cli.shared, output)),
        Command::Rehearsal(args) => block_on(rehearsal::rehearsal(args, &cli.shared, output)),
    }
}

/// Runs an asynchronous command on a runtime of its own.
fn block_on<T>(command: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    runtime()?.block_on(command)
}

/// The same, leaving behind what is still under way on threads of its own, such as a fetch from a server that hangs.
fn block_on_and_leave(command: impl Future<Output = CliResult>) -> CliResult {
    let runtime = runtime()?;
    let ended = runtime.block_on(command);
    runtime.shutdown_background();
    ended
}

fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    Ok(built.map_err(|error| anyhow::Error::new(error).context("start the runtime"))?)
}
