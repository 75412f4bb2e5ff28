//! `--repo`, `--branch`, `--commit`, `--env`: which commit, for which environment.

use super::{
    Shared,
    failure::{CliError, Exit},
    state::State,
};
use crate::{
    app::{self, NoProject},
    git::{self, GitError},
    ids::{EnvName, Sha},
    project::{self, Files, Project, ProjectError, Projects},
    store::RunRecord,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;

/// Which commit of which repository.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct SourceArgs {
    /// The repository: a folder or an https or ssh address
    #[arg(long, value_name = "PATH|URL", default_value = ".")]
    pub(crate) repo: String,
    /// Branch [default: the environment's branch if --env is given and there is one, else the one checked out]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// Commit [default: the tip of the branch]
    #[arg(long, value_name = "SHA")]
    pub(crate) commit: Option<String>,
    /// Environment [default: the one the branch deploys to]
    #[arg(long, value_name = "NAME")]
    pub(crate) env: Option<EnvName>,
}

pub(crate) use super::state::open_app;

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

/// Where the agent keeps its state for `repo`: in the repository, or here if it is a URL.
pub(crate) fn state_folder(shared: &Shared, repo: &str) -> Result<State, CliError> {
    if let Some(state) = &shared.state {
        return State::new(state.clone(), shared);
    }
    let repository = if git::is_url(repo) { None } else { Some(open(repo, Path::new(""))?) };
    let folder = repository.map_or_else(PathBuf::new, |found| found.folder().to_owned());
    State::new(folder.join(".agent"), shared)
}

/// Opens `repo`; the mirror of a URL is kept in `state`.
pub(super) fn open(repo: &str, state: &Path) -> Result<git::Repository, CliError> {
    let repository = git::Repository::open(repo, &app::mirrors(state), &credentials());
    let repository = repository.map_err(of_git)?;
    repository.fetch().map_err(of_git)?;
    Ok(repository)
}

/// The server that the token in `GITHUB_TOKEN` is for, unless `GITHUB_SERVER_URL` names another, as GitHub's own runners
/// do.
const TOKENS_SERVER: &str = "github.com";

/// How repositories are reached by URL: with the token in `GITHUB_TOKEN` at its own server, with the command in
/// `GIT_SSH_COMMAND` by ssh, or with what git is set up with.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
pub(crate) fn credentials() -> git::Credentials {
    let token = std::env::var("GITHUB_TOKEN").ok().filter(|token| !token.is_empty());
    let server = std::env::var("GITHUB_SERVER_URL").ok().and_then(|url| Url::parse(&url).ok());
    let host = server.as_ref().and_then(Url::host_str).unwrap_or(TOKENS_SERVER);
    let credentials = token
        .map_or_else(git::Credentials::default, |token| git::Credentials::for_host(host, token));
    let ssh = std::env::var("GIT_SSH_COMMAND").ok().filter(|command| !command.is_empty());
    match ssh {
        Some(command) => credentials.through_ssh(command),
        None => credentials,
    }
}

/// The project of a run, as its commit has it.
pub(crate) fn project_of(run: &RunRecord, state: &Path) -> Result<Project, CliError> {
    let repository = open(&run.repository, state)?;
    of_run(&repository, run)
}

fn of_run(repository: &git::Repository, run: &RunRecord) -> Result<Project, CliError> {
    let project = app::project_of(repository, run, &Projects::default());
    project.map(Arc::unwrap_or_clone).map_err(of_no_project)
}

impl Source {
    /// The project for `run`: another than the source's own if the run was begun before the default branch's tip was.
    pub(crate) fn project_for(self, run: &RunRecord) -> Result<Project, CliError> {
        match &run.policy {
            Some(policy) if *policy != self.project.policy => of_run(&self.repository, run),
            Some(_) | None => Ok(self.project),
        }
    }
}

impl SourceArgs {
    /// The arguments that name the repository and perhaps an environment, and nothing else.
    pub(crate) fn of(repo: &str, env: Option<EnvName>) -> Self {
        Self { repo: repo.to_owned(), branch: None, commit: None, env }
    }

    /// The same; where neither branch nor environment is named, the default branch is meant, whatever is checked out.
    pub(crate) fn or_default_branch(mut self, state: &Path) -> Result<Self, CliError> {
        if self.branch.is_none() && self.env.is_none() {
            self.branch = Some(open(&self.repo, state)?.default_branch().map_err(of_git)?);
        }
        Ok(self)
    }

    /// Opens the repository, finds the commit, loads and checks the project.
    pub(crate) fn resolve(&self, state: &Path) -> Result<Source, CliError> {
        let repository = open(&self.repo, state)?;
        let policy = policy(&repository)?;
        let policy_files = Files::Commit(&repository, &policy);
        let branch = self.branch(&repository, policy_files)?;
        let commit = self.commit(&repository, &branch)?;
        let files = Files::Commit(&repository, &commit);
        let address = repository.public_address();
        let project = project::load(address, &commit, files, policy_files).map_err(of_project)?;
        let environment = self.environment(&branch, &project)?;
        Ok(Source { repository, branch, environment, project })
    }

    /// The commit asked for, which must be one of the branch: what is not merged goes where its own branch goes.
    fn commit(&self, repository: &git::Repository, branch: &str) -> Result<Sha, CliError> {
        let Some(digits) = &self.commit else { return repository.branch(branch).map_err(of_git) };
        let commit = repository.commit(digits).map_err(of_git)?;
        if repository.is_on_branch(&commit, branch).map_err(of_git)? {
            return Ok(commit);
        }
        let message = format!("commit {} is not on branch '{branch}'", commit.short());
        Err(CliError::usage(message)
            .hint("merge it first, or name the branch it is on: --branch BRANCH"))
    }

    fn branch(&self, repository: &git::Repository, policy: Files<'_>) -> Result<String, CliError> {
        match (&self.branch, &self.env) {
            (Some(branch), _) => Ok(branch.clone()),
            (None, Some(name)) => {
                let rules = project::rules(policy).map_err(|error| of_project(error.into()))?;
                let rules = rules.unwrap_or_default();
                let rule = rules.iter().find(|rule| rule.name == *name);
                let own = rule.ok_or_else(|| unknown_environment(name, &rules))?.branch.clone();
                match repository.branch(&own) {
                    // A clone need not have every branch; the one checked out may reach the environment too.
                    Err(GitError::NoSuchBranch { .. }) => {
                        repository.current_branch().map_err(of_git)
                    }
                    Ok(_) | Err(_) => Ok(own),
                }
            }
            (None, None) => repository.current_branch().map_err(of_git),
        }
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
            .hint(
                "a branch may use its own environment and those before it in the promotion order",
            )),
        }
    }
}

fn unknown_environment(name: &EnvName, rules: &[crate::spec::EnvironmentRule]) -> CliError {
    let known: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    CliError::usage(format!("there is no environment '{name}'"))
        .hint(format!("pipeline.yaml has: {}", known.join(", ")))
}

/// The commit whose pipeline.yaml and environment files decide what goes where: the default branch's tip.
pub(super) fn policy(repository: &git::Repository) -> Result<Sha, CliError> {
    let default = repository.default_branch().map_err(of_git)?;
    repository.branch(&default).map_err(of_git)
}

/// A git error, told to the one who asked.
pub(super) fn of_git(error: GitError) -> CliError {
    let hint = match &error {
        GitError::NotARepository(_) => {
            Some("change into one, or name it: --repo PATH|URL".to_owned())
        }
        GitError::NoSuchBranch { near, .. } if !near.is_empty() => {
            Some(format!("there is: {}", near.join(", ")))
        }
        GitError::NotOurs(path) => Some(format!(
            "if you trust it: git config --global --add safe.directory {}",
            path.display()
        )),
        GitError::Unreachable { .. } => {
            Some(
                "over https set GITHUB_TOKEN; over ssh load a key into ssh-agent, or name it: GIT_SSH_COMMAND='ssh -i FILE -oBatchMode=yes'"
                    .to_owned(),
            )
        }
        GitError::Refused { .. } => {
            Some("set GITHUB_TOKEN to one that is valid and may read this repository".to_owned())
        }
        GitError::Untrusted { .. } => Some(
            "add its authority to those that this machine trusts, or name it in GIT_SSL_CAINFO; agent.yaml: github.authority"
                .to_owned(),
        ),
        GitError::PasswordInUrl { .. } => {
            Some("leave it out, and set GITHUB_TOKEN or a git credential helper".to_owned())
        }
        GitError::NoSuchCommit(_) => {
            Some("four or more of its first digits; `git log --oneline` lists commits".to_owned())
        }
        GitError::NoCommitYet(_) => {
            Some("commit pipeline.yaml and what it names: only what is committed is run".to_owned())
        }
        GitError::NoSuchBranch { .. }
        | GitError::UnsupportedUrl(_)
        | GitError::Unsafe { .. }
        | GitError::TooLarge { .. }
        | GitError::Write { .. }
        | GitError::Failed { .. } => None,
    };
    CliError::Plain { exit: Exit::Usage, error: error.into(), hint }
}

fn of_no_project(error: NoProject) -> CliError {
    match error {
        NoProject::Git(error) => of_git(error),
        NoProject::Files(error) | NoProject::Rules(error) => of_project(error),
        NoProject::Rewritten(_) => {
            CliError::usage(error).hint("cancel it, and run the commit again: agent run")
        }
        NoProject::Unmapped { .. } => CliError::usage(error)
            .hint("pipeline.yaml of the default branch says which branch deploys where"),
    }
}

/// Findings are drawn, everything else is told.
pub(crate) fn of_project(error: ProjectError) -> CliError {
    match error {
        ProjectError::Findings { findings, sources } => CliError::Files { findings, sources },
        ProjectError::File(error) => anyhow::Error::new(error).context("read the project").into(),
    }
}
