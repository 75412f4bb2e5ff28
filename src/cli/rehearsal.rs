//! `agent rehearsal`: the cloud inside this program, for the AWS CLI and any SDK.

use super::{
    Shared,
    failure::{CliError, CliResult, Exit},
    output::Output,
    real_scripts::RealScriptsArgs,
    source::{SourceArgs, open_app, state_folder},
};
use crate::{app, spec::Cloud};
use anyhow::Context as _;
use std::{net::SocketAddr, path::Path};

/// Serve the rehearsed cloud on a port, or forget it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Serve(ServeArgs),
    Reset(ResetArgs),
}

/// Serve the rehearsed cloud to the AWS CLI and any SDK, until Ctrl-C
///
/// An access key id of twelve digits acts as an administrator of that account; the secret can be anything.
/// Signatures are not checked, so it listens on this machine only.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct ServeArgs {
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
  aws logs filter-log-events --log-group-name jenkins-log";

/// Forget everything that was rehearsed: objects, pipelines, executions, models, logs
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  agent rehearsal reset")]
struct ResetArgs {
    /// The repository whose rehearsal is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: String,
}

pub(crate) async fn rehearsal(args: &Args, shared: &Shared, output: &Output) -> CliResult {
    match &args.what {
        What::Serve(args) => serve(args, shared, output).await,
        What::Reset(args) => {
            reset(&app::rehearsal_file(&state_folder(shared, &args.repo)?), output)
        }
    }
}

async fn serve(args: &ServeArgs, shared: &Shared, output: &Output) -> CliResult {
    let state = state_folder(shared, &args.repo)?;
    let environments = SourceArgs::of(&args.repo, None).resolve(&state)?.project.environments;
    let app = open_app(&state).await?;
    let file = app.rehearsal_file();
    args.scripts.choose(&file, output).await?;
    let rehearsal = app::open_rehearsal(&environments, &file, app.clock.clone()).await?;
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
    rehearsal.serve(listener, shutdown).await.context("serve the rehearsal")?;
    Ok(Exit::Done)
}

fn reset(file: &Path, output: &Output) -> CliResult {
    let mut removed = false;
    for ending in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(ending);
        match std::fs::remove_file(&path) {
            Ok(()) => removed = true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(anyhow::Error::new(error)
                    .context(format!("remove {}", Path::new(&path).display()))
                    .into());
            }
        }
    }
    app::forget(file).context("forget which Python the rehearsal used")?;
    output.talk(if removed {
        "The rehearsal is empty again."
    } else {
        "There was nothing to forget."
    });
    Ok(Exit::Done)
}
