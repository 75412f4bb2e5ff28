//! What can go wrong with a repository.

use std::{io, path::PathBuf};

/// A repository did not give what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The path is in no repository.
    #[error("{} is not in a git repository", .0.display())]
    NotARepository(PathBuf),
    /// The repository belongs to another user, so git does not trust its settings.
    #[error("the repository at {} belongs to another user", .0.display())]
    NotOurs(PathBuf),
    /// Neither https nor ssh.
    #[error("'{0}' is neither a path nor an https, ssh or file URL of a repository")]
    UnsupportedUrl(String),
    /// A run keeps its repository's address, and shows it; so no secret may stand in it.
    #[error("the address of {host} holds a password, which would be kept and shown with every run")]
    PasswordInUrl {
        /// The host, which is all of the address that can be told.
        host: String,
    },
    /// The server cannot be reached or does not let us in.
    #[error("cannot fetch {url}: {reason}")]
    Unreachable {
        /// Which repository.
        url: String,
        /// What git said.
        reason: String,
    },
    /// The server does not let in who shows the token that it was shown.
    #[error("cannot fetch {url}: {reason}")]
    Refused {
        /// Which repository.
        url: String,
        /// That it is so, and what git said.
        reason: String,
    },
    /// The server's certificate is signed by nobody whom git trusts.
    #[error("cannot fetch {url}: {reason}")]
    Untrusted {
        /// Which repository.
        url: String,
        /// That it is so, and what git said.
        reason: String,
    },
    /// There is no such branch.
    #[error("no branch '{branch}'")]
    NoSuchBranch {
        /// What was asked for.
        branch: String,
        /// What there is, most alike first, a few at most.
        near: Vec<String>,
    },
    /// There is no such commit, or several begin like this.
    #[error("no commit '{0}', or more than one")]
    NoSuchCommit(String),
    /// Nothing was committed to the branch that `HEAD` names.
    #[error("the default branch of the repository at {0} has no commit yet")]
    NoCommitYet(String),
    /// Something in the commit that must not be checked out.
    #[error("the commit holds '{path}', {reason}")]
    Unsafe {
        /// Where.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The commit is larger than a checkout may be.
    #[error("{what} is larger than {limit}")]
    TooLarge {
        /// What is.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// git failed otherwise.
    #[error("cannot {act} {operand}: {reason}")]
    Failed {
        /// What was to be done.
        act: &'static str,
        /// To what.
        operand: String,
        /// Why not, in libgit2's words.
        reason: String,
    },
}

impl GitError {
    /// Is it the repository's content that is wrong, so that trying again changes nothing?
    #[must_use]
    pub fn is_in_repository(&self) -> bool {
        match self {
            Self::NotARepository(_)
            | Self::UnsupportedUrl(_)
            | Self::PasswordInUrl { .. }
            | Self::NoSuchBranch { .. }
            | Self::NoSuchCommit(_)
            | Self::NoCommitYet(_)
            | Self::Unsafe { .. }
            | Self::TooLarge { .. } => true,
            Self::NotOurs(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Untrusted { .. }
            | Self::Write { .. }
            | Self::Failed { .. } => false,
        }
    }
}

/// Names the act and its operand in an error of libgit2.
pub(super) fn failed(act: &'static str, operand: &str) -> impl FnOnce(git2::Error) -> GitError {
    let operand = operand.to_owned();
    move |error| GitError::Failed { act, operand, reason: error.message().to_owned() }
}
