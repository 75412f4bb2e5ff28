//! Branches and commits by name.

use super::error::failed;
use super::{GitError, Repository};
use crate::ids::Sha;
use git2::{BranchType, Oid};

/// Branches named as near to one that is not there.
const MOST_NEAR: usize = 5;
/// Fewer digits of a commit id say too little.
const SHORTEST_PREFIX: usize = 4;

impl Repository {
    /// The newest commit of a branch. In a local repository a branch that only its origin has counts as well.
    ///
    /// # Errors
    /// [`GitError::NoSuchBranch`], or if the repository cannot be read.
    pub fn branch(&self, branch: &str) -> Result<Sha, GitError> {
        let origin = format!("origin/{branch}");
        for (name, kind) in [(branch, BranchType::Local), (&origin, BranchType::Remote)] {
            let found = self
                .inner
                .find_branch(name, kind)
                .and_then(|found| Ok(found.into_reference().peel_to_commit()?.id()));
            match found {
                Ok(commit) => return sha(commit),
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(failed("read branch", branch)(error)),
            }
        }
        let mut near = self.branches()?;
        near.sort_by_cached_key(|name| distance(name, branch));
        near.truncate(MOST_NEAR);
        Err(GitError::NoSuchBranch { branch: branch.to_owned(), near })
    }

    /// The names of the local branches.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let list = || {
            let mut names = Vec::new();
            for branch in self.inner.branches(Some(BranchType::Local))? {
                names.extend(branch?.0.name()?.map(str::to_owned));
            }
            Ok(names)
        };
        list().map_err(failed("list the branches of", &self.name()))
    }

    /// The branch that decides about rules: the origin's default in a clone, else `main` or `master`, else what is
    /// checked out.
    ///
    /// # Errors
    /// If the repository cannot be read or has no branch.
    pub fn default_branch(&self) -> Result<String, GitError> {
        if !self.inner.is_bare() {
            if let Ok(head) = self.inner.find_reference("refs/remotes/origin/HEAD")
                && let Ok(Some(target)) = head.symbolic_target()
                && let Some(branch) = target.strip_prefix("refs/remotes/origin/")
            {
                return Ok(branch.to_owned());
            }
            for usual in ["main", "master"] {
                if self.inner.find_branch(usual, BranchType::Local).is_ok() {
                    return Ok(usual.to_owned());
                }
            }
        }
        self.current_branch()
    }

    /// The branch that is checked out; in a mirror, the server's default.
    ///
    /// # Errors
    /// [`GitError::NoCommitYet`], or if there is none.
    pub fn current_branch(&self) -> Result<String, GitError> {
        let head = || self.inner.head()?.shorthand().map(str::to_owned);
        head().map_err(|error| match error.code() {
            git2::ErrorCode::UnbornBranch => GitError::NoCommitYet(self.name()),
            _ => failed("tell the current branch of", &self.name())(error),
        })
    }

    /// A commit by its id or the first digits of it.
    ///
    /// # Errors
    /// [`GitError::NoSuchCommit`].
    pub fn commit(&self, digits: &str) -> Result<Sha, GitError> {
        let missing = || GitError::NoSuchCommit(digits.to_owned());
        let legal =
            digits.len() >= SHORTEST_PREFIX && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !legal {
            return Err(missing());
        }
        sha(self.inner.find_commit_by_prefix(digits).map_err(|_| missing())?.id())
    }

    /// Is `commit` the branch's tip, or one that led to it?
    ///
    /// # Errors
    /// The branch or the commit is not there, or the history between them is cut off.
    pub fn is_on_branch(&self, commit: &Sha, branch: &str) -> Result<bool, GitError> {
        self.leads_to(commit, &self.branch(branch)?)
    }

    /// Is `older` the same commit as `newer`, or one that led to it?
    ///
    /// # Errors
    /// One of them is not there, or the history between them is cut off.
    pub fn leads_to(&self, older: &Sha, newer: &Sha) -> Result<bool, GitError> {
        if older == newer {
            return Ok(true);
        }
        let (from, to) = (self.find(newer)?.id(), self.find(older)?.id());
        let found = self.inner.graph_descendant_of(from, to);
        found.map_err(failed("follow the history of", newer.as_str()))
    }

    /// The commit before this one, along the branch it was merged to; nothing for the first.
    ///
    /// # Errors
    /// [`GitError::NoSuchCommit`], or if the repository cannot be read.
    pub fn parent(&self, commit: &Sha) -> Result<Option<Sha>, GitError> {
        let found = self.find(commit)?;
        found.parent_ids().next().map(sha).transpose()
    }

    /// The id of all files of a commit together: commits with the same files have the same one.
    ///
    /// # Errors
    /// [`GitError::NoSuchCommit`], or if the repository cannot be read.
    pub fn tree_of(&self, commit: &Sha) -> Result<Sha, GitError> {
        sha(self.find(commit)?.tree_id())
    }

    pub(super) fn find(&self, commit: &Sha) -> Result<git2::Commit<'_>, GitError> {
        let missing = |_| GitError::NoSuchCommit(commit.to_string());
        let id = Oid::from_str(commit.as_str()).map_err(missing)?;
        self.inner.find_commit(id).map_err(missing)
    }

    pub(super) fn tree(&self, commit: &Sha) -> Result<git2::Tree<'_>, GitError> {
        self.find(commit)?.tree().map_err(failed("read commit", commit.as_str()))
    }
}

fn is_missing(error: &git2::Error) -> bool {
    matches!(error.code(), git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec)
}

fn sha(id: Oid) -> Result<Sha, GitError> {
    // Repositories with SHA-256 ids are not supported anywhere yet.
    id.to_string().parse().map_err(|_| GitError::NoSuchCommit(id.to_string()))
}

/// How many characters have to be changed, added or taken away to make one name of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, right) in other.iter().enumerate() {
            let change = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
