//! `--real-scripts`: the rehearsal's jobs run the repository's own Python.

use super::{
    failure::{CliError, Exit},
    output::Output,
};
use crate::app::{self, Choice, PythonError};
use std::path::{Path, PathBuf};

/// Whether the rehearsal is one of real scripts, and whose Python they run in.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct RealScriptsArgs {
    /// Rehearse with the repository's own scripts and real XGBoost, not with stand-ins
    ///
    /// Takes a Python with numpy, pandas, scikit-learn and xgboost: the one given, else RELEVO_PYTHON, a venv in the
    /// state folder or beside the agent's build, or python3. A rehearsal stays what it was begun as: every later
    /// command follows, until `agent rehearsal reset`.
    #[arg(long, value_name = "PYTHON", num_args = 0..=1, require_equals = true)]
    real_scripts: Option<Option<PathBuf>>,
}

impl RealScriptsArgs {
    /// Makes the rehearsal in `file` one of real scripts, if that was asked for.
    pub(crate) async fn choose(&self, file: &Path, output: &Output) -> Result<(), CliError> {
        let Some(given) = &self.real_scripts else { return Ok(()) };
        let choice = Choice { given: given.clone(), candidates: candidates(file) };
        match app::choose(file, &choice).await {
            Ok(python) => {
                output.talk(&format!("the rehearsal runs its scripts in {}", python.display()));
                Ok(())
            }
            Err(error) => Err(refused(error)),
        }
    }
}

fn refused(error: anyhow::Error) -> CliError {
    let hint = error.downcast_ref().map(PythonError::hint);
    let exit = if hint.is_some() { Exit::Usage } else { Exit::Failed };
    CliError::Plain { exit, error, hint }
}

/// `RELEVO_PYTHON`, then the virtual environments that a user or `scripts/setup` makes.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn candidates(file: &Path) -> Vec<PathBuf> {
    let named = std::env::var_os("RELEVO_PYTHON").map(PathBuf::from);
    let agent = std::env::current_exe().ok();
    let built = agent.as_deref().and_then(|agent| agent.parent()?.parent());
    let folders = [file.parent(), built].into_iter().flatten();
    let made = folders.map(|folder| folder.join("venv/bin/python"));
    named.into_iter().chain(made).collect()
}
