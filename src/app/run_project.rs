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
        loaded.or_else(|error| {
            Err(sorted(error, PolicyFiles::of(Files::Commit(repository, policy))?))
        })
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

/// Which findings are about files of the default branch.
#[derive(Debug, Clone, Copy)]
enum PolicyFiles {
    /// Its environment files: its pipeline.yaml is valid.
    Environments,
    /// Those and its pipeline.yaml; the run's own may be invalid too.
    All,
}

impl PolicyFiles {
    fn of(policy: Files<'_>) -> Result<Self, NoProject> {
        let rules = project::rules(policy).map_err(|error| NoProject::Rules(error.into()))?;
        Ok(if rules.is_some() { Self::Environments } else { Self::All })
    }

    fn hold(self, file: &str) -> bool {
        let in_folder = |rest: &str| rest.starts_with('/');
        file.strip_prefix(project::ENVIRONMENTS).is_some_and(in_folder)
            || matches!(self, Self::All) && file == project::PIPELINE_FILE
    }
}

/// Where both have errors they are the run's own, which no push mends, and stand first.
fn sorted(error: ProjectError, of_policy: PolicyFiles) -> NoProject {
    let ProjectError::Findings { findings, sources } = error else {
        return NoProject::Files(error);
    };
    let is_own =
        |found: &Finding| found.severity == Severity::Error && !of_policy.hold(&found.file);
    let (mut own, others): (Vec<_>, Vec<_>) = findings.0.into_iter().partition(is_own);
    let sort = if own.is_empty() { NoProject::Rules } else { NoProject::Files };
    own.extend(others);
    sort(ProjectError::Findings { findings: Findings(own), sources })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_the_commit_is_told_apart_from_what_the_default_branch_says() {
        let (template, environment) = ("templates/pipelines/train.json.hbs", "environments/a.yaml");
        let pipeline = project::PIPELINE_FILE;
        for (of_policy, files, first_own) in [
            (PolicyFiles::Environments, &[pipeline][..], Some(pipeline)),
            (PolicyFiles::Environments, &[environment], None),
            (PolicyFiles::Environments, &[environment, template], Some(template)),
            (PolicyFiles::Environments, &["environments.hbs"], Some("environments.hbs")),
            (PolicyFiles::All, &[pipeline], None),
            (PolicyFiles::All, &[pipeline, template], Some(template)),
        ] {
            let finding =
                |file: &&str| Finding::of_file("x", file, "bad".to_owned(), String::new());
            let findings = Findings(files.iter().map(finding).collect());
            let error = ProjectError::Findings { findings, sources: Vec::new() };
            let own = match sorted(error, of_policy) {
                NoProject::Files(ProjectError::Findings { findings, .. }) => {
                    Some(findings.0[0].file.clone())
                }
                _ => None,
            };
            assert_eq!(own.as_deref(), first_own, "{files:?}");
        }
    }
}
