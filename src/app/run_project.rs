//! The project a run is driven with.
//!
//! Its own commit says what is built, the default branch where it goes. Until the run changes something there, that is
//! read as it is now; from its first change on it is settled, so that a push in the middle leaves nothing half applied.
//! Who may approve it, when it may be deployed, and whether its branch may go there at all is asked of the default
//! branch as it is now, always.

use crate::{
    git::{GitError, Repository},
    ids::{EnvName, Sha},
    project::{self, Files, Project, ProjectError},
    spec::Pipeline,
    store::RunRecord,
};

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum NoProject {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The files of the run cannot be read, or have errors.
    #[error(transparent)]
    Files(#[from] ProjectError),
    /// What rules now cannot be read, or has errors.
    #[error("read the environment files of the default branch's tip")]
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
pub fn project_of(repository: &Repository, run: &RunRecord) -> Result<Project, NoProject> {
    let default = repository.default_branch()?;
    let tip = repository.branch(&default)?;
    let begun = run.policy.as_ref().unwrap_or(&tip);
    if !is_kept(repository, begun, &default)? {
        return Err(NoProject::Rewritten(begun.clone()));
    }
    let project = load(repository, &run.commit, begun)?;
    if *begun == tip {
        return allowed(project, run);
    }
    let now = load(repository, &run.commit, &tip).map_err(NoProject::Rules)?;
    let now = allowed(now, run)?;
    Ok(project.governed_by(&now))
}

fn is_kept(repository: &Repository, commit: &Sha, branch: &str) -> Result<bool, GitError> {
    match repository.is_on_branch(commit, branch) {
        Err(GitError::NoSuchCommit(_)) => Ok(false),
        answer => answer,
    }
}

fn load(repository: &Repository, commit: &Sha, policy: &Sha) -> Result<Project, ProjectError> {
    let (files, policy) = (Files::Commit(repository, commit), Files::Commit(repository, policy));
    project::load(repository.public_address(), commit, files, policy)
}

fn allowed(project: Project, run: &RunRecord) -> Result<Project, NoProject> {
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
