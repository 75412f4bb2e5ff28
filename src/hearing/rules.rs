//! What the default branch says: which branch deploys where.

use crate::{
    git::{self, GitError},
    ids::Sha,
    project::{FileError, ProjectError, Projects},
    spec::{EnvironmentRule, Finding, Findings, Severity},
};

/// Findings that one sentence names; `agent validate` shows them all.
const MOST_NAMED: usize = 5;

/// The rules of a repository as they are now.
#[derive(Debug)]
pub(super) struct Rules {
    /// The commit they are from.
    pub(super) commit: Sha,
    /// The default branch.
    pub(super) branch: String,
    /// Branch by branch.
    pub(super) environments: Vec<EnvironmentRule>,
}

/// Why a repository gives no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum Trouble {
    /// Trying again later may help.
    #[error("{0}")]
    Passing(String),
    /// It does not until something is committed.
    #[error("{0}")]
    Lasting(String),
}

impl Rules {
    /// Reads them.
    pub(super) fn of(repository: &git::Repository, projects: &Projects) -> Result<Self, Trouble> {
        let branch = repository.default_branch()?;
        let commit = repository.branch(&branch)?;
        if let Some(environments) = projects.rules(repository, &commit)? {
            return Ok(Self { commit, branch, environments });
        }
        // Loading it as a whole says what is wrong with it.
        let why = match projects.load(repository, &commit, &commit) {
            Err(error) => Trouble::from(error).to_string(),
            Ok(_) => "no rules".to_owned(),
        };
        Err(Trouble::Lasting(format!("the default branch has no valid pipeline.yaml: {why}")))
    }
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Self {
        let text = error.to_string();
        if error.is_in_repository() { Self::Lasting(text) } else { Self::Passing(text) }
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Git(error) => error.into(),
            FileError::TooLarge { .. } | FileError::NotText { .. } => {
                Self::Lasting(error.to_string())
            }
            FileError::Io { .. } => Self::Passing(error.to_string()),
        }
    }
}

impl From<ProjectError> for Trouble {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::File(error) => error.into(),
            ProjectError::Findings { findings, .. } => Self::Lasting(named(&findings)),
        }
    }
}

/// The first errors with their places, in a sentence.
fn named(findings: &Findings) -> String {
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors: Vec<&Finding> = findings.0.iter().filter(is_error).collect();
    let shown = errors.iter().take(MOST_NAMED).map(|finding| {
        let Finding { file, line, column, message, .. } = finding;
        format!("{file}:{line}:{column}: {message}")
    });
    let mut text = shown.collect::<Vec<_>>().join("; ");
    if errors.len() > MOST_NAMED {
        text.push_str(&format!("; and {} more", errors.len() - MOST_NAMED));
    }
    text
}
