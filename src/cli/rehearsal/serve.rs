//! `agent rehearsal serve`: the cloud on a port. While it serves, time goes on in it.

use super::Opened;
use crate::{
    app::{App, Rehearsal},
    cli::{
        Shared,
        failure::{CliError, CliResult, Exit},
        output::Output,
        real_scripts::RealScriptsArgs,
        source::{open_app, state_folder},
    },
    spec::Cloud,
};
use anyhow::Context as _;
use std::{net::SocketAddr, time::Duration};

/// How often the rehearsal is looked at. A schedule fires if someone looks within a minute.
const TICK: Duration = Duration::from_secs(1);

/// Serve the rehearsed cloud to the AWS CLI and any SDK, until Ctrl-C
///
/// While it serves, schedules fire, executions go on and events reach their targets, without anybody asking.
/// An access key id of twelve digits acts as an administrator of that account; the secret can be anything.
/// Signatures are not checked, so it listens on this machine only.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 4599)]
    port: u16,
    /// The repository whose environments are rehearsed
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    repo: String,
    #[command(flatten)]
    scripts: RealScriptsArgs,
}

const EXAMPLES: &str = "\
Example:
  agent rehearsal serve &
  export AWS_ENDPOINT_URL=http://127.0.0.1:4599 AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=222222222222 AWS_SECRET_ACCESS_KEY=any
  aws sagemaker list-pipelines
  aws logs filter-log-events --log-group-name jenkins-log
  agent rehearsal inbox";

pub(super) async fn serve(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    let state = open_app(&state_folder(shared, &args.repo)?).await?;
    args.scripts.choose(&state.rehearsal_file(), output).await?;
    let Opened { app, environments, rehearsal } = Opened::of(&args.repo, shared).await?;
    let address = SocketAddr::from(([127, 0, 0, 1], args.port));
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        let is_taken = error.kind() == std::io::ErrorKind::AddrInUse;
        let cause = if is_taken { "another program has the port" } else { "it is not to be had" };
        CliError::from(anyhow::Error::new(error).context(format!("listen on {address}: {cause}")))
            .hint("choose another port with --port, 0 for a free one")
    })?;
    let address = listener.local_addr().context("read the address")?;
    output.data(&format!("AWS_ENDPOINT_URL=http://{address}"))?;
    for (name, environment) in environments.iter().filter(|(_, e)| e.cloud == Cloud::Rehearsal) {
        output.talk(&format!(
            "{name}: export AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION={}",
            environment.account, environment.region
        ));
    }
    output.talk(
        "Other accounts that the environments name, such as the registry's, work the same way.",
    );
    let shutdown = async {
        // Without a signal handler there is no gentle end; the process can still be killed.
        let _ended = tokio::signal::ctrl_c().await;
    };
    tokio::select! {
        served = rehearsal.serve(listener, shutdown) => served.context("serve the rehearsal")?,
        () = ticks(&app, &rehearsal, output) => {}
    }
    Ok(Exit::Done)
}

/// Lets time go on, for ever. Says once why it cannot.
async fn ticks(app: &App, rehearsal: &Rehearsal, output: &Output) {
    let mut told = None;
    loop {
        app.clock.sleep(TICK).await;
        let trouble = rehearsal.tick().await.err().map(|error| error.to_string());
        if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
            output.talk(&format!("Time stands still in the rehearsal: {trouble}"));
        }
        told = trouble;
    }
}
