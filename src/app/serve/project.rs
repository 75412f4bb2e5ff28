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

    /// Looks whether the run's commit is there, fetching once if it is not: where agents share a store, another one may
    /// have heard of it first. Blocks.
    pub(super) fn has_commit(&self, run: &RunRecord) -> Result<(), Trouble> {
        let repository = self.open(&run.repository).map_err(of_git)?;
        let there = || repository.commit(run.commit.as_str());
        if there().is_err() {
            repository.fetch().map_err(of_git)?;
            if there().is_err() {
                let (commit, name) = (&run.commit, repository.name());
                let why = format!("commit {commit} is not in {name} any more");
                return Err(Trouble::Unfit(why));
            }
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Findings;

    /// Whether a run is given up for errors in these files, and why or not.
    fn fate(of_policy: PolicyFiles, files: &[&str]) -> (bool, String) {
        let finding =
            |file: &&str| Finding::of_file("x", file, format!("{file} is bad"), String::new());
        let findings = Findings(files.iter().map(finding).collect());
        match of_project(ProjectError::Findings { findings, sources: Vec::new() }, of_policy) {
            Trouble::Unfit(why) => (true, why),
            Trouble::Now(error) => (false, error.to_string()),
        }
    }

    #[test]
    fn what_is_wrong_with_the_commit_never_passes_and_what_the_default_branch_says_may() {
        let (template, environment) = ("templates/pipelines/train.json.hbs", "environments/a.yaml");
        let pipeline = project::PIPELINE_FILE;
        for (of_policy, files, ends) in [
            (PolicyFiles::Environments, &[pipeline][..], true),
            (PolicyFiles::Environments, &[environment], false),
            (PolicyFiles::Environments, &[environment, template], true),
            (PolicyFiles::Environments, &["environments.hbs"], true),
            (PolicyFiles::All, &[pipeline], false),
            (PolicyFiles::All, &[pipeline, template], true),
        ] {
            let (ended, why) = fate(of_policy, files);
            assert_eq!(ended, ends, "{files:?}: {why}");
            let named = files.iter().find(|file| !ends || !of_policy.hold(file)).unwrap();
            assert!(why.ends_with(&format!("{named}:1: {named} is bad")), "{why}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_used_never_passes_and_a_server_that_is_away_may() {
        let url = || "https://example.com/model.git".to_owned();
        let never = [GitError::UnsupportedUrl(url()), GitError::PasswordInUrl { host: url() }];
        assert!(never.into_iter().all(|error| matches!(of_git(error), Trouble::Unfit(_))));
        let away = GitError::Unreachable { url: url(), reason: "no route".to_owned() };
        let gone = GitError::NotARepository("/srv/model".into());
        assert!([away, gone].into_iter().all(|error| matches!(of_git(error), Trouble::Now(_))));
    }
}
