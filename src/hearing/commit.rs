//! A commit of a branch, held against the repository: does it deploy, where to, and with what.

use super::rules::{Rules, Trouble};
use crate::{
    git::{self, GitError},
    ids::{BranchName, EnvName, Sha},
    intake::{Verdict, skip_token},
    project::{Project, Projects},
};

use std::sync::Arc;

/// What the repository says about a commit of a branch.
#[derive(Debug)]
pub(super) enum Looked {
    /// It deploys.
    Deploys(Box<Deploys>),
    /// The repository does not have it, or not there: it may be on its way, or have been replaced.
    NotThere(String),
    /// It does not, for good.
    Judged(Verdict),
}

/// A commit that deploys.
#[derive(Debug)]
pub(super) struct Deploys {
    /// Where to, by the rules of the default branch.
    pub(super) environment: EnvName,
    /// What it holds.
    pub(super) project: Arc<Project>,
}

/// Looks a commit up.
pub(super) fn look(
    projects: &Projects,
    (repository, rules): (&git::Repository, &Rules),
    (branch, commit): (&BranchName, &Sha),
) -> Result<Looked, Trouble> {
    let rule = rules.environments.iter().find(|rule| rule.branch == branch.as_str());
    let Some(rule) = rule else {
        let reason = format!("branch '{branch}' deploys nowhere");
        return Ok(Looked::Judged(Verdict::ignored(reason)));
    };
    let short = commit.short();
    match repository.is_on_branch(commit, branch.as_str()) {
        Ok(true) => {}
        Ok(false) => {
            let reason = format!("commit {short} is not on branch '{branch}'");
            return Ok(Looked::NotThere(reason));
        }
        Err(GitError::NoSuchBranch { .. }) => {
            return Ok(Looked::NotThere(format!("there is no branch '{branch}'")));
        }
        Err(GitError::NoSuchCommit(_)) => {
            let reason = format!("the repository has no commit {short} on branch '{branch}'");
            return Ok(Looked::NotThere(reason));
        }
        Err(error) => return Err(error.into()),
    }
    if let Some(token) = skip_token(&repository.message(commit)?) {
        return Ok(Looked::Judged(Verdict::ignored(format!("commit {short} says {token}"))));
    }
    if let Err(error) = repository.look_through(commit) {
        return match Trouble::from(error) {
            Trouble::Lasting(why) => Ok(Looked::Judged(Verdict::refused(why))),
            passing @ Trouble::Passing(_) => Err(passing),
        };
    }
    match projects.load(repository, commit, &rules.commit) {
        Ok(project) => {
            let environment = rule.name.clone();
            Ok(Looked::Deploys(Box::new(Deploys { environment, project })))
        }
        Err(error) => match Trouble::from(error) {
            Trouble::Lasting(why) => Ok(Looked::Judged(Verdict::refused(why))),
            passing @ Trouble::Passing(_) => Err(passing),
        },
    }
}

/// What changed since `before`, or since the commit's parent. Where neither is at hand everything changed, as far as `when`
/// may ask.
pub(super) fn changed_paths(
    repository: &git::Repository,
    before: Option<&Sha>,
    commit: &Sha,
) -> Vec<String> {
    let since = before.and_then(|before| repository.changed_paths(Some(before), commit).ok());
    since.unwrap_or_else(|| {
        let parent = repository.parent(commit).ok().flatten();
        repository.changed_paths(parent.as_ref(), commit).unwrap_or_default()
    })
}
