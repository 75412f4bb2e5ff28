//! The project a run is driven with.
//!
//! Its own commit says what is built, the default branch where it goes. Until the run changes something there, that is
//! read as it is now; from its first change on it is settled, so that a push in the middle leaves nothing half applied.
//! Who may approve it, when it may be deployed, and whether its branch may go there at all is asked of the default
//! branch as it is now, always.

use crate::{
    git::{GitError, Repository},
    ids::{EnvName, Sha},
    project::{self, Files, Project, ProjectError, Projects},
    spec::{Finding, Findings, Pipeline, Severity},
    store::RunRecord,
};
use std::sync::Arc;

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum NoProject {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The files of the run's own commit cannot be read, or have errors.
    #[error(transparent)]
    Files(ProjectError),
    /// What the default branch says has errors.
    #[error("the default branch's files have errors")]
    Rules(#[source] ProjectError),
    /// The default branch was rewritten.
    #[error("the default branch has lost commit {}, whose environment files the run was applied with", .0.short())]
    Rewritten(Sha),
    /// The branch may not go there, or not any more.
    #[error("branch '{branch}' does not deploy to '{environment}'")]
    Unmapped {
        /// The run's branch.
        branch: String,
        /// The run's environment.
        environment: EnvName,
    },
}

/// Loads the project of a run out of its repository, as it was fetched last. A run that is over may have been made
/// when other branches were allowed.
///
/// # Errors
/// See [`NoProject`].
pub fn project_of(
    repository: &Repository,
    run: &RunRecord,
    projects: &Projects,
) -> Result<Arc<Project>, NoProject> {
    let default = repository.default_branch()?;
    let tip = repository.branch(&default)?;
    let load = |policy: &Sha| {
        let loaded = projects.load(repository, &run.commit, policy);
        loaded.or_else(|error| Err(sorted(error, Files::Commit(repository, policy))?))
    };
    let begun = run.policy.as_ref().unwrap_or(&tip);
    if !is_kept(repository, begun, &default)? {
        return Err(NoProject::Rewritten(begun.clone()));
    }
    let now = allowed(load(&tip)?, run)?;
    if *begun == tip {
        return Ok(now);
    }
    Ok(Arc::new(Arc::unwrap_or_clone(load(begun)?).governed_by(&now)))
}

fn is_kept(repository: &Repository, commit: &Sha, branch: &str) -> Result<bool, GitError> {
    match repository.is_on_branch(commit, branch) {
        Err(GitError::NoSuchCommit(_)) => Ok(false),
        answer => answer,
    }
}

fn allowed(project: Arc<Project>, run: &RunRecord) -> Result<Arc<Project>, NoProject> {
    if run.outcome.is_none() && !may_go(&project.pipeline, run) {
        let (branch, environment) = (run.reference.clone(), run.environment.clone());
        return Err(NoProject::Unmapped { branch, environment });
    }
    Ok(project)
}

fn may_go(pipeline: &Pipeline, run: &RunRecord) -> bool {
    let own = pipeline.environment_for_branch(&run.reference);
    own.is_some_and(|rule| pipeline.may_use(&rule.name, &run.environment))
}

/// Errors of both are those of the run's own commit, which no push mends.
fn sorted(error: ProjectError, policy: Files<'_>) -> Result<NoProject, NoProject> {
    let ProjectError::Findings { findings, .. } = &error else {
        return Ok(NoProject::Files(error));
    };
    // Where these are invalid themselves, the run's own pipeline.yaml may be valid.
    let rules = project::rules(policy).map_err(|error| NoProject::Files(error.into()))?;
    let is_own = |found: &Finding| {
        let in_folder = |rest: &str| rest.starts_with('/');
        let is_policy = found.file.strip_prefix(project::ENVIRONMENTS).is_some_and(in_folder)
            || rules.is_none() && found.file == project::PIPELINE_FILE;
        found.severity == Severity::Error && !is_policy
    };
    Ok(if findings.0.iter().any(is_own) {
        NoProject::Files(first_own(error, is_own))
    } else {
        NoProject::Rules(error)
    })
}

/// The same findings, with the errors of the run's own files before the others.
fn first_own(error: ProjectError, is_own: impl Fn(&Finding) -> bool) -> ProjectError {
    match error {
        ProjectError::Findings { findings, sources } => {
            let (mut own, others): (Vec<_>, Vec<_>) = findings.0.into_iter().partition(is_own);
            own.extend(others);
            ProjectError::Findings { findings: Findings(own), sources }
        }
        ProjectError::File(error) => ProjectError::File(error),
    }
}
