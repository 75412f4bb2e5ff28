//! What a run is driven with: the project as its commit and the default branch have it.

use super::Tools;
use crate::{
    app::{NoProject, Promotion, project_of},
    engine::Watch,
    exec::Cancel,
    git::{self, GitError},
    logs::LogLine,
    project::{Project, ProjectError},
    queue::Reason,
    spec::{Finding, Severity},
    store::{RunRecord, StoredEvent},
};
use std::sync::Arc;

/// Why a run was not driven as far as it goes.
pub(super) enum Trouble {
    /// It never will be.
    Unfit(String),
    /// Another time it may.
    Now(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Now(error.into())
    }
}

impl Tools {
    /// A repository as it was fetched last. Blocks.
    pub(super) fn open(&self, source: &str) -> Result<git::Repository, GitError> {
        git::Repository::open(source, &self.app.mirrors(), &self.credentials)
    }

    /// The project of the run's commit, if the default branch still lets its branch go where the run goes. Blocks.
    pub(super) fn project_of(&self, run: &RunRecord) -> Result<Project, Trouble> {
        let repository = self.open(&run.repository)?;
        project_of(&repository, run).map_err(of_project)
    }

    /// What drives a run of `project`.
    pub(super) fn promotion(&self, project: Project, cancel: Cancel) -> Promotion {
        Promotion {
            project: Arc::new(project),
            credentials: self.credentials.clone(),
            inherited: self.inherited.clone(),
            masker: self.masker.clone(),
            watch: Arc::new(Unwatched),
            cancel,
        }
    }
}

fn of_project(error: NoProject) -> Trouble {
    match error {
        NoProject::Git(GitError::NoSuchCommit(_))
        | NoProject::Rewritten(_)
        | NoProject::Unmapped { .. } => Trouble::Unfit(error.to_string()),
        NoProject::Files(ProjectError::Findings { findings, .. }) => {
            let is_error = |found: &&Finding| found.severity == Severity::Error;
            let place =
                |found: &Finding| format!("{}:{}: {}", found.file, found.line, found.message);
            let first = findings.0.iter().find(is_error).map_or_else(String::new, place);
            Trouble::Unfit(format!("its files have errors; the first: {first}"))
        }
        NoProject::Git(_) | NoProject::Files(ProjectError::File(_)) | NoProject::Rules(_) => {
            Trouble::Now(error.into())
        }
    }
}

/// Nobody watches single steps: the store has them.
struct Unwatched;

impl Watch for Unwatched {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {}

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &Reason) {}
}
