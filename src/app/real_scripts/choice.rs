//! Which Python runs a rehearsal's jobs: found, proved, and written beside the rehearsal.
//!
//! A rehearsal is either of the stand-ins or of real scripts, from its first job to its last: their models are not
//! each other's. So the choice is kept with it, and every later command follows it without being told.

use crate::{
    clock::SystemClock,
    exec::{self, Cancel, CommandSpec, Exit, Inherited, Source},
};
use anyhow::Context as _;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The file beside the rehearsal's that names the Python.
const CHOICE: &str = "real-scripts";
/// What the scripts import, and the names under which pip installs them.
const PACKAGES: [(&str, &str); 4] =
    [("numpy", "numpy"), ("pandas", "pandas"), ("sklearn", "scikit-learn"), ("xgboost", "xgboost")];
/// Longest look at a Python: the first import after an installation compiles for some seconds.
const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// Prints the interpreter's own path, then each package that it lacks.
const LOOK: &str = "
import importlib, sys
print(sys.executable)
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        print(name)
";

/// Where Python may be, the first that is there counts.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The one asked for; then no other will do.
    pub given: Option<PathBuf>,
    /// Others, by preference; `python3` comes after them.
    pub candidates: Vec<PathBuf>,
}

/// No Python for the real scripts.
#[derive(Debug, thiserror::Error)]
pub enum PythonError {
    /// It does not run.
    #[error("{python} does not run as Python 3: {why}")]
    NotPython {
        /// Which.
        python: String,
        /// What happened.
        why: String,
    },
    /// Without these neither the scripts nor the model can be used. XGBoost is no exception: a model of the stand-in
    /// cannot be read by evaluate.py.
    #[error("{python} lacks {}, which the repository's scripts and XGBoost's training need", lacking.join(", "))]
    Lacking {
        /// Which.
        python: String,
        /// Packages as pip names them.
        lacking: Vec<String>,
    },
    /// Stand-ins have worked in this rehearsal.
    #[error("this rehearsal was begun with stand-ins, whose models are of another kind")]
    BegunWithStandIns,
}

impl PythonError {
    /// What a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotPython { .. } => {
                "name another: --real-scripts=PYTHON, or RELEVO_PYTHON".to_owned()
            }
            Self::Lacking { python, lacking } => {
                format!("{python} -m pip install {}", lacking.join(" "))
            }
            Self::BegunWithStandIns => {
                "begin anew with `agent rehearsal reset`, or beside it with another --state DIR"
                    .to_owned()
            }
        }
    }
}

/// Finds a Python, proves it, and makes the rehearsal in `file` one of real scripts.
///
/// # Errors
/// [`PythonError`] in the chain if there is none, or the rehearsal is one of stand-ins.
pub async fn choose(file: &Path, choice: &Choice) -> anyhow::Result<PathBuf> {
    let kept = kept(file)?;
    if kept.is_none() && file.exists() {
        return Err(PythonError::BegunWithStandIns.into());
    }
    let there = || choice.candidates.iter().find(|python| python.is_file()).cloned();
    let python = choice.given.clone().or_else(there).unwrap_or_else(|| "python3".into());
    if kept.as_ref() == Some(&python) {
        return Ok(python);
    }
    let python = look(&python).await?;
    fs::write(file.with_file_name(CHOICE), python.as_os_str().as_encoded_bytes())
        .context("write which Python the rehearsal uses")?;
    Ok(python)
}

/// The Python of the rehearsal in `file`; none if it is one of stand-ins.
pub(in crate::app) fn kept(file: &Path) -> anyhow::Result<Option<PathBuf>> {
    match fs::read_to_string(file.with_file_name(CHOICE)) {
        Ok(python) => Ok(Some(python.into())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context("read which Python the rehearsal uses"),
    }
}

/// Lets the rehearsal in `file`, which has been removed, be of either kind again.
///
/// # Errors
/// The choice cannot be removed.
pub fn forget(file: &Path) -> std::io::Result<()> {
    match fs::remove_file(file.with_file_name(CHOICE)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The interpreter's own path, if it has every package.
async fn look(python: &Path) -> Result<PathBuf, PythonError> {
    let shown = python.display().to_string();
    let mut command = vec![shown.clone(), "-s".to_owned(), "-B".to_owned(), "-c".to_owned()];
    command.push(LOOK.to_owned());
    command.extend(PACKAGES.map(|(module, _)| module.to_owned()));
    let spec = CommandSpec {
        command,
        directory: PathBuf::from("/"),
        inherited: Inherited::from([]),
        variables: Default::default(),
        timeout: LONGEST_LOOK,
        no_output_timeout: None,
        grace: Duration::ZERO,
    };
    let (mut said, mut last) = (Vec::new(), String::new());
    let mut sink = exec::each(|line| {
        match line.source {
            Source::Output => said.push(line.text),
            Source::Error => last = line.text,
        }
        Ok(())
    });
    let failed = |why: String| PythonError::NotPython { python: shown.clone(), why };
    let exit = exec::run(&spec, &SystemClock, &Cancel::never(), &mut sink).await;
    drop(sink);
    match exit.map_err(|error| failed(error.to_string()))? {
        Exit::Exited(0) => {}
        Exit::Exited(_) => return Err(failed(last)),
        other => return Err(failed(format!("{other:?}"))),
    }
    let mut said = said.into_iter();
    let itself = said.next().filter(|path| path.starts_with('/'));
    let itself = itself.ok_or_else(|| failed("it does not say where it is".to_owned()))?;
    let lacking: Vec<String> = said
        .filter_map(|name| PACKAGES.iter().find(|(module, _)| *module == name))
        .map(|(_, package)| (*package).to_owned())
        .collect();
    if lacking.is_empty() {
        return Ok(itself.into());
    }
    Err(PythonError::Lacking { python: itself, lacking })
}
