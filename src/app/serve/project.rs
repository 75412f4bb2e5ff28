//! What a run is driven with: the project as its commit and the default branch have it.

use super::{Bells, Tools};
use crate::{
    app::{NoProject, Promotion, project_of},
    engine::Watch,
    exec::Cancel,
    flow::Event,
    git::{self, GitError},
    ids::Sha,
    logs::LogLine,
    project::{Project, ProjectError},
    queue::Reason,
    spec::Severity,
    store::{RunRecord, StoredEvent},
};
use anyhow::anyhow;
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

    /// The project of a run that is to be driven, fetched once if its commits are not at hand: where agents share a store,
    /// another one may have heard of them first. Blocks.
    pub(super) fn fetched_project_of(&self, run: &RunRecord) -> Result<Arc<Project>, Trouble> {
        let repository = self.open(&run.repository).map_err(of_git)?;
        fetch_commits(&repository, run)?;
        project_of(&repository, run, &self.projects).map_err(of_project)
    }

    /// The project of the run's commit, if the default branch still lets its branch go where the run goes. Blocks.
    pub(super) fn project_of(&self, run: &RunRecord) -> Result<Arc<Project>, Trouble> {
        let repository = self.open(&run.repository).map_err(of_git)?;
        project_of(&repository, run, &self.projects).map_err(of_project)
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

fn fetch_commits(repository: &git::Repository, run: &RunRecord) -> Result<(), Trouble> {
    let is_there = |commit: &Sha| repository.commit(commit.as_str()).is_ok();
    if is_there(&run.commit) && run.policy.as_ref().is_none_or(is_there) {
        return Ok(());
    }
    repository.fetch().map_err(of_git)?;
    if !is_there(&run.commit) {
        let (commit, name) = (&run.commit, repository.name());
        return Err(Trouble::Unfit(format!("commit {commit} is not in {name} any more")));
    }
    Ok(())
}

/// What is wrong with the address never passes; everything else about a repository may.
fn of_git(error: GitError) -> Trouble {
    match error {
        GitError::UnsupportedUrl(_) | GitError::PasswordInUrl { .. } => {
            Trouble::Unfit(error.to_string())
        }
        GitError::NotARepository(_)
        | GitError::NotOurs(_)
        | GitError::Unreachable { .. }
        | GitError::Refused { .. }
        | GitError::Untrusted { .. }
        | GitError::NoSuchBranch { .. }
        | GitError::NoSuchCommit(_)
        | GitError::NoCommitYet(_)
        | GitError::Unsafe { .. }
        | GitError::TooLarge { .. }
        | GitError::Write { .. }
        | GitError::Failed { .. } => Trouble::Now(error.into()),
    }
}

/// The commit's own files are what they are; those of the default branch a push can mend.
fn of_project(error: NoProject) -> Trouble {
    match error {
        NoProject::Git(error) => of_git(error),
        NoProject::Rewritten(_) | NoProject::Unmapped { .. } => Trouble::Unfit(error.to_string()),
        NoProject::Files(error) => match first(&error) {
            Some(first) => Trouble::Unfit(format!("its files have errors; the first: {first}")),
            None => Trouble::Now(error.into()),
        },
        NoProject::Rules(error) => Trouble::Now(match first(&error) {
            Some(first) => anyhow!("the default branch's files have errors; the first: {first}"),
            None => error.into(),
        }),
    }
}

/// The first error and its place; nothing if the files could not be read.
fn first(error: &ProjectError) -> Option<String> {
    let ProjectError::Findings { findings, .. } = error else { return None };
    let found = findings.0.iter().find(|found| found.severity == Severity::Error)?;
    Some(format!("{}:{}: {}", found.file, found.line, found.message))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_used_never_passes_and_a_server_that_is_away_may() {
        let url = || "https://example.com/model.git".to_owned();
        let never = [GitError::UnsupportedUrl(url()), GitError::PasswordInUrl { host: url() }];
        assert!(never.into_iter().all(|error| matches!(of_git(error), Trouble::Unfit(_))));
        let away = GitError::Unreachable { url: url(), reason: "no route".to_owned() };
        let gone = GitError::NotARepository("/srv/model".into());
        let behind = GitError::NoSuchCommit("0123456".to_owned());
        assert!(
            [away, gone, behind].into_iter().all(|error| matches!(of_git(error), Trouble::Now(_)))
        );
    }
}
