//! `agent serve`: the long-running agent.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::{Format, Output},
    run::inherited,
    source::{credentials, state_folder},
    state::{State, open_app},
};
use crate::{
    app::{
        serve::{self, Bells, Phases, Signals, Tools},
        settings::{self, DEFAULT_LISTEN, Settings},
    },
    clock::{Clock, SystemClock},
    git,
    ids::RepositoryName,
    project::Projects,
    spec::SourceFile,
    web::health::Pulse,
};
use anyhow::Context as _;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The settings that are meant if nothing is said.
const SETTINGS_FILE: &str = "agent.yaml";

/// Hear of pushes and deploy them, until told to end
///
/// Judges each push, runs each promotion once and in order, and goes on where it was stopped or killed. With agent.yaml it
/// takes GitHub's webhooks and hears several repositories; without, it looks at one repository.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The settings [default: agent.yaml if there is one here and no --repo]
    #[arg(long, value_name = "FILE", conflicts_with = "repo")]
    config: Option<PathBuf>,
    /// The one repository to look at, without a settings file
    #[arg(long, value_name = "PATH|URL")]
    repo: Option<String>,
    /// Address and port of the web face; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Check the settings, read every secret they name, and end
    #[arg(long)]
    check: bool,
}

const EXAMPLES: &str = "\
Examples:
  agent serve --repo . --listen 127.0.0.1:8080
  agent serve --config /etc/agent/agent.yaml
  agent serve --config agent.yaml --check

SIGTERM or Ctrl-C ends it: runs under way may finish; a second one stops them, a third one kills.";

pub(crate) async fn serve(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let (settings, state) = settings(args, shared, output)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let troubles = settings.secret_troubles(&clock, &variable);
    if !troubles.is_empty() {
        let troubles: Vec<String> = troubles.iter().map(|error| format!("{error:#}")).collect();
        return Err(CliError::usage(troubles.join("\n")));
    }
    if args.check {
        return in_order(settings.repositories.len(), output);
    }
    let app = open_app(&state).await?;
    let (phase, phases) = Phases::begin();
    let talk = output.clone();
    let tools = Tools {
        app: app.clone(),
        settings: Arc::new(settings),
        credentials: credentials(),
        inherited: inherited(),
        variable: Arc::new(variable),
        masker: output.masker().clone(),
        projects: Projects::default(),
        say: Arc::new(move |text| talk.talk(text)),
        chance: Arc::new(chance),
        bells: Bells::default(),
        pulse: Pulse::new(app.clock.clone()),
        phases,
    };
    let signals = Signals::listen().context("listen for signals")?;
    let told = |address: SocketAddr| match output.format {
        Format::Json => drop(output.json_line(&serde_json::json!({ "listen": address }))),
        Format::Text => drop(output.data(&format!("http://{address}"))),
    };
    serve::serve(tools, phase, signals, told).await?;
    Ok(Exit::Done)
}

/// The settings, and the folder that the agent keeps its state in.
fn settings(args: &Args, shared: &Shared, output: &Output) -> Result<(Settings, State), CliError> {
    let file = args.config.clone().or_else(|| {
        let usual = PathBuf::from(SETTINGS_FILE);
        (args.repo.is_none() && usual.exists()).then_some(usual)
    });
    let (mut settings, state) = match file {
        Some(file) => of_file(&file, shared, output)?,
        None => {
            let repo = args.repo.clone().unwrap_or_else(|| ".".to_owned());
            let settings = Settings::simple(name_of(&repo), repo.clone(), DEFAULT_LISTEN)
                // The address may hold what nobody should read.
                .map_err(|flaw| {
                    CliError::usage(format!("--repo {}", flaw.message)).hint(flaw.help)
                })?;
            (settings, state_folder(shared, &repo)?)
        }
    };
    settings.listen = args.listen.unwrap_or(settings.listen);
    Ok((settings, state))
}

fn of_file(file: &Path, shared: &Shared, output: &Output) -> Result<(Settings, State), CliError> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("read the settings in {}", file.display()))?;
    let source = SourceFile { name: file.display().to_string(), text };
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let state = shared.state.clone().unwrap_or_else(|| folder.join(".agent"));
    match settings::read(&source, folder) {
        Err(findings) => Err(CliError::Files { findings, sources: vec![source] }),
        Ok((settings, warnings)) => {
            if !warnings.0.is_empty() {
                output.findings(&warnings, &[source]);
            }
            Ok((settings, State::new(state, shared)?))
        }
    }
}

/// A repository's name by the last part of where it is.
fn name_of(repo: &str) -> RepositoryName {
    let whole = if git::is_url(repo) {
        repo.to_owned()
    } else {
        std::path::absolute(repo)
            .map_or_else(|_| repo.to_owned(), |path| path.display().to_string())
    };
    let last = whole.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let last = last.trim_end_matches(".git");
    last.parse().or_else(|_| "repository".parse()).unwrap_or_else(|_| unreachable!())
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A number from 0 up to 1.
fn chance() -> f64 {
    // The last four bytes of such an id are drawn by chance, and nothing else about it is wanted.
    let [.., a, b, c, d] = *uuid::Uuid::now_v7().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

/// Says that the settings can be served with.
fn in_order(repositories: usize, output: &Output) -> CliResult {
    match (output.format, repositories) {
        (Format::Json, _) => output.json(&serde_json::json!({ "repositories": repositories }))?,
        (Format::Text, 1) => output.data("1 repository: all in order")?,
        (Format::Text, several) => output.data(&format!("{several} repositories: all in order"))?,
    }
    Ok(Exit::Done)
}
