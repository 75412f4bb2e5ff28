//! What a run is driven with: the project as its commit and the default branch have it.

use super::{Bells, Tools};
use crate::{
    app::Promotion,
    engine::Watch,
    exec::Cancel,
    flow::Event,
    git::{self, GitError},
    logs::LogLine,
    project::{Project, ProjectError},
    queue::Reason,
    spec::Pipeline,
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
    pub(super) fn project_of(&self, run: &RunRecord) -> Result<Arc<Project>, Trouble> {
        let repository = self.open(&run.repository).map_err(of_git)?;
        let branch = repository.default_branch().map_err(of_git)?;
        let policy = repository.branch(&branch).map_err(of_git)?;
        let project = self.projects.load(&repository, &run.commit, &policy).map_err(of_project)?;
        if !may_go(&project.pipeline, run) {
            let (branch, environment) = (&run.reference, &run.environment);
            return Err(Trouble::Unfit(format!(
                "branch '{branch}' does not deploy to '{environment}'"
            )));
        }
        Ok(project)
    }

    /// What drives a run of `project`.
    pub(super) fn promotion(&self, project: Arc<Project>, cancel: Cancel) -> Promotion {
        Promotion {
            project,
            credentials: self.credentials.clone(),
            inherited: self.inherited.clone(),
            masker: self.masker.clone(),
            watch: Arc::new(Ringing(self.bells.clone())),
            cancel,
        }
    }
}

fn may_go(pipeline: &Pipeline, run: &RunRecord) -> bool {
    let own = pipeline.environment_for_branch(&run.reference);
    own.is_some_and(|rule| pipeline.may_use(&rule.name, &run.environment))
}

fn of_git(error: GitError) -> Trouble {
    match error {
        GitError::NoSuchCommit(_) => Trouble::Unfit(error.to_string()),
        other => Trouble::Now(other.into()),
    }
}

fn of_project(error: ProjectError) -> Trouble {
    match &error {
        ProjectError::Findings { findings, .. } => {
            let first =
                findings.0.iter().find(|found| found.severity == crate::spec::Severity::Error);
            let first =
                first.map(|found| format!("{}:{}: {}", found.file, found.line, found.message));
            let first = first.unwrap_or_else(|| error.to_string());
            Trouble::Unfit(format!("its files have errors; the first: {first}"))
        }
        ProjectError::File(_) => Trouble::Now(error.into()),
    }
}

/// Rings where a step lets others go on: the next of a lane need not wait until the last lines of the one before it
/// are shipped. Nobody watches the other steps, which the store has.
struct Ringing(Bells);

impl Watch for Ringing {
    fn event(&self, _: &RunRecord, stored: &StoredEvent) {
        if let Event::RunFinished { .. } = stored.event {
            self.0.runs.notify_one();
            self.0.tellings.notify_one();
        }
    }

    fn line(&self, _: &LogLine) {}

    fn waiting(&self, _: &RunRecord, _: &Reason) {}
}
