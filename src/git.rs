//! Fetching and checking out a commit safely.
//!
//! A [`Repository`] is a local folder, which is only read, or a bare mirror of a URL. Files come out of commits,
//! never out of somebody's work folder, so uncommitted changes are not deployed. A checkout is written by us, not by
//! libgit2: no hook, filter or submodule runs, no file leaves the folder, and what is there is complete. Everything here
//! blocks: call it where blocking is allowed.

mod checkout;
mod complaint;
mod credentials;
mod difference;
mod error;
mod files;
mod leftovers;
mod mirror;
mod people;
mod program;
mod refs;
#[cfg(test)]
mod tests;
mod tips;
mod transport;
mod tree;

pub use checkout::Checkout;
pub(crate) use checkout::PARTIAL;
pub use credentials::{Credentials, Exchange};
pub use error::GitError;
pub use mirror::is_url;
pub use people::{People, Person};
pub use tips::Tips;
pub use tree::{LARGEST_FILE, MOST_BYTES, MOST_FILES};

use error::failed;
use std::{fs, path::Path};

/// Where an older git was told other parents of a commit. A branch's history must not be a file's word.
const GRAFTS: &str = "info/grafts";

/// A repository to read commits from.
pub struct Repository {
    inner: git2::Repository,
    origin: Origin,
}

/// Where a repository comes from.
#[derive(Debug, Clone)]
enum Origin {
    /// A folder of the user's, which is never written to.
    Local,
    /// A URL, mirrored.
    Url(String, Credentials),
}

impl std::fmt::Debug for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Repository({})", self.name())
    }
}

impl Repository {
    /// Opens the repository around a local path, or the mirror of a URL, which is made if it is not there.
    /// [`Repository::fetch`] brings a mirror up to date.
    ///
    /// # Errors
    /// If there is no repository, or the URL cannot be reached.
    pub fn open(source: &str, mirrors: &Path, credentials: &Credentials) -> Result<Self, GitError> {
        if mirror::is_url(source) {
            let inner = mirror::open(source, mirrors, credentials)?;
            return Ok(Self { inner, origin: Origin::Url(source.to_owned(), credentials.clone()) });
        }
        let path = Path::new(source);
        let inner = git2::Repository::discover(path).map_err(|error| match error.code() {
            git2::ErrorCode::NotFound => {
                GitError::NotARepository(std::path::absolute(path).unwrap_or_else(|_| path.into()))
            }
            git2::ErrorCode::Owner => GitError::NotOurs(path.to_owned()),
            _ => failed("open the repository", source)(error),
        })?;
        if fs::metadata(inner.commondir().join(GRAFTS)).is_ok_and(|file| file.len() > 0) {
            let reason = format!("its {GRAFTS} says that commits come from others than they do");
            let operand = inner.path().display().to_string();
            return Err(GitError::Failed { act: "trust the history of", operand, reason });
        }
        Ok(Self { inner, origin: Origin::Local })
    }

    /// Brings a mirror up to date; a local repository is as it is.
    ///
    /// # Errors
    /// If the URL cannot be reached.
    pub fn fetch(&self) -> Result<(), GitError> {
        match &self.origin {
            Origin::Local => Ok(()),
            Origin::Url(url, credentials) => mirror::fetch(&self.inner, url, credentials),
        }
    }

    /// What the repository is called in a run: its URL, or the absolute path of its folder.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::Local => self.folder().display().to_string().trim_end_matches('/').to_owned(),
            Origin::Url(url, _) => url.clone(),
        }
    }

    /// The address that others know the repository by, without credentials: its URL, or that of its `origin`; nothing
    /// for a repository that was never pushed anywhere. Does not depend on the folder it is in.
    #[must_use]
    pub fn public_address(&self) -> Option<String> {
        let address = match &self.origin {
            Origin::Url(url, _) => url.clone(),
            Origin::Local => self.inner.find_remote("origin").ok()?.url().ok()?.to_owned(),
        };
        if !mirror::is_url(&address) || address.starts_with("file:") {
            return None;
        }
        let Ok(mut parsed) = url::Url::parse(&address) else { return Some(address) };
        let _none_to_take = parsed.set_username("");
        let _none_to_take = parsed.set_password(None);
        Some(parsed.to_string())
    }

    /// The work folder, or the folder of git itself where there is none.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.inner.workdir().unwrap_or_else(|| self.inner.path())
    }

    /// Are there changes in the work folder that are in no commit, and so in no run?
    ///
    /// # Errors
    /// If the work folder cannot be read, or the commit in it must not be checked out.
    pub fn has_uncommitted_changes(&self) -> Result<bool, GitError> {
        if self.inner.is_bare() {
            return Ok(false);
        }
        // What could not be checked out is not compared either: libgit2 would unfold it without an end.
        if let Ok(head) = self.inner.head().and_then(|head| head.peel_to_tree()) {
            tree::walk(&self.inner, &head)?;
        }
        let mut options = git2::StatusOptions::new();
        options.include_untracked(true).include_ignored(false).update_index(false);
        let statuses = self
            .inner
            .statuses(Some(&mut options))
            .map_err(failed("look for changes in", &self.name()))?;
        Ok(statuses.iter().any(|entry| !entry.path_bytes().starts_with(b".agent/")))
    }
}
