//! Where the log files are.

use super::Limits;
use crate::ids::{RunId, StageName};
use std::path::{Path, PathBuf};

/// The folder of all logs, `.agent/logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFolder {
    path: PathBuf,
    limits: Limits,
}

impl LogFolder {
    /// The logs below this folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { path: folder.into(), limits: Limits::default() }
    }

    /// The same folder, of which logs may take another part of the disk.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The folder of one run's logs.
    #[must_use]
    pub fn of_run(&self, run: &RunId) -> PathBuf {
        self.path.join(run.as_str())
    }

    /// The file of one stage's log.
    #[must_use]
    pub fn of_stage(&self, run: &RunId, stage: &StageName) -> PathBuf {
        self.of_run(run).join(format!("{stage}.jsonl"))
    }

    /// The stages of a run that have a log, by name.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn stages(&self, run: &RunId) -> std::io::Result<Vec<StageName>> {
        let entries = match std::fs::read_dir(self.of_run(run)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut stages = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let stage = Path::new(&name).to_str().and_then(|name| name.strip_suffix(".jsonl"));
            stages.extend(stage.and_then(|stage| stage.parse().ok()));
        }
        stages.sort();
        Ok(stages)
    }
}
