//! `agent rehearsal reset`: an empty cloud.

use crate::{
    app,
    cli::{
        failure::{CliResult, Exit},
        output::Output,
    },
};
use anyhow::Context as _;
use std::path::Path;

/// Forget everything that was rehearsed: objects, pipelines, executions, models, mail, logs
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  agent rehearsal reset")]
pub(super) struct Args {
    /// The repository whose rehearsal is meant
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub(super) repo: String,
}

pub(super) fn reset(file: &Path, output: &Output) -> CliResult {
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
