//! `--repo`, `--branch`, `--commit`, `--env`: which commit, for which environment.

use super::{Shared, failure::CliError};
use crate::{
    git,
    ids::{EnvName, Sha},
    project::{self, Files, Project, ProjectError},
};
use anyhow::Context as _;
use std::path::PathBuf;

/// Which commit of which repository.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SourceArgs {
    /// The repository: a folder or an https or ssh address
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    pub(crate) repo: String,
    /// Branch [default: the environment's branch if --env is given, else the one checked out]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// Commit [default: the tip of the branch]
    #[arg(long, value_name = "SHA")]
    pub(crate) commit: Option<String>,
    /// Environment [default: the one the branch deploys to]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<EnvName>,
}

/// What a command works on, resolved and checked.
#[derive(Debug)]
pub(crate) struct Source {
    /// The opened repository.
    pub(crate) repository: git::Repository,
    /// The branch.
    pub(crate) branch: String,
    /// The environment to deploy to.
    pub(crate) environment: EnvName,
    /// What the commit holds.
    pub(crate) project: Project,
}

/// Where the agent keeps its state for `repo`.
pub(crate) fn state_folder(shared: &Shared, repo: &str) -> PathBuf {
    match &shared.state {
        Some(folder) => folder.clone(),
        None if git::is_remote(repo) => PathBuf::from(".agent"),
        None => git::Repository::root_of(repo).unwrap_or_else(|| PathBuf::from(repo)).join(".agent"),
    }
}

impl SourceArgs {
    /// Opens the repository, finds the commit, loads and checks the project.
    pub(crate) fn resolve(&self, state: &std::path::Path) -> Result<Source, CliError> {
        let repository = git::Repository::open(&self.repo, state).map_err(of_git)?;
        let policy = repository.default_branch_tip().map_err(of_git)?;
        let policy_files = Files::Commit(repository.clone(), policy.clone());
        let rules = project::rules(&policy_files).map_err(of_project)?;
        let branch = match (&self.branch, &self.env) {
            (Some(branch), _) => branch.clone(),
            (None, Some(name)) => match rules.iter().find(|rule| rule.name == *name) {
                Some(rule) => rule.branch.clone(),
                None => return Err(unknown_environment(name, &rules)),
            },
            (None, None) => repository.current_branch().map_err(of_git)?,
        };
        let tip = repository.resolve(&branch).map_err(of_git)?;
        let commit = match &self.commit {
            Some(commit) => repository.commit(commit).map_err(of_git)?,
            None => tip,
        };
        let project = self.load(&repository, &commit, &policy_files)?;
        let environment = self.environment(&branch, &project)?;
        Ok(Source { repository, branch, environment, project })
    }

    fn load(
        &self,
        repository: &git::Repository,
        commit: &Sha,
        policy: &Files,
    ) -> Result<Project, CliError> {
        let files = Files::Commit(repository.clone(), commit.clone());
        project::load(&repository.name(), commit, &files, policy).map_err(of_project)
    }

    /// The environment asked for, if the branch may reach it.
    fn environment(&self, branch: &str, project: &Project) -> Result<EnvName, CliError> {
        let pipeline = &project.pipeline;
        let Some(rule) = pipeline.environment_for_branch(branch) else {
            let known: Vec<String> = pipeline
                .environments
                .iter()
                .map(|rule| format!("{} → {}", rule.branch, rule.name))
                .collect();
            return Err(CliError::usage(format!("branch '{branch}' deploys nowhere"))
                .hint(format!("pipeline.yaml of the default branch says: {}", known.join(", "))));
        };
        match &self.env {
            None => Ok(rule.name.clone()),
            Some(name) if pipeline.environments.iter().all(|rule| rule.name != *name) => {
                Err(unknown_environment(name, &pipeline.environments))
            }
            Some(name) if pipeline.may_use(&rule.name, name) => Ok(name.clone()),
            Some(name) => Err(CliError::usage(format!(
                "branch '{branch}' deploys to '{}' and may not reach '{name}'",
                rule.name
            ))
            .hint("a branch may use its own environment and those before it in the promotion order")),
        }
    }
}

fn unknown_environment(name: &EnvName, rules: &[crate::spec::EnvironmentRule]) -> CliError {
    let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    CliError::usage(format!("there is no environment '{name}'"))
        .hint(format!("pipeline.yaml has: {}", known.join(", ")))
}

/// A git error, told to the one who asked.
pub(crate) fn of_git(error: git::GitError) -> CliError {
    let hint = error.hint();
    let told = CliError::usage(error);
    match hint {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

/// Findings are drawn, everything else is told.
pub(crate) fn of_project(error: ProjectError) -> CliError {
    match error {
        ProjectError::Findings { findings, sources } => CliError::Files { findings, sources },
        ProjectError::File(error) => {
            let read: anyhow::Result<()> = Err(error).context("read the project's files");
            match read {
                Ok(()) => CliError::usage("unreadable"),
                Err(error) => error.into(),
            }
        }
    }
}
