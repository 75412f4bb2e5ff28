//! Files out of a commit, without checking it out.

use super::error::failed;
use super::tree::{self, Kind, LARGEST_FILE};
use super::{GitError, Repository, difference};
use crate::ids::Sha;
use std::path::Path;

impl Repository {
    /// The content of a file at a commit, or nothing if there is no such file. A symbolic link is none.
    ///
    /// # Errors
    /// If the commit is not there or the file is too large.
    pub fn read(&self, commit: &Sha, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let tree = self.tree(commit)?;
        let entry = match tree.get_path(Path::new(path)) {
            Ok(entry) => entry,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(failed("find", path)(error)),
        };
        match tree::kind(&entry) {
            Some(Kind::File | Kind::Program) => {}
            Some(Kind::Link | Kind::Folder | Kind::Submodule) | None => return Ok(None),
        }
        let odb = self.inner.odb().map_err(failed("read", path))?;
        let (length, _) = odb.read_header(entry.id()).map_err(failed("read", path))?;
        if length > LARGEST_FILE {
            let limit = format!("{LARGEST_FILE} bytes");
            return Err(GitError::TooLarge { what: path.to_owned(), limit });
        }
        let blob = self.inner.find_blob(entry.id()).map_err(failed("read", path))?;
        Ok(Some(blob.content().to_vec()))
    }

    /// Looks through a whole commit: can it be checked out?
    ///
    /// # Errors
    /// If the commit is not there, or holds what must not be checked out.
    pub fn look_through(&self, commit: &Sha) -> Result<(), GitError> {
        tree::walk(&self.inner, &self.tree(commit)?).map(drop)
    }

    /// The names of the files directly in `folder` at a commit, sorted; no symbolic links, and none where there is no
    /// such folder. Nothing else of the commit is looked at.
    ///
    /// # Errors
    /// If the commit is not there, or a name in the folder must not be checked out.
    pub fn files_in(&self, commit: &Sha, folder: &str) -> Result<Vec<String>, GitError> {
        let tree = self.tree(commit)?;
        let entry = match tree.get_path(Path::new(folder)) {
            Ok(entry) => entry,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("find", folder)(error)),
        };
        match tree::kind(&entry) {
            Some(Kind::Folder) => {}
            Some(Kind::File | Kind::Program | Kind::Link | Kind::Submodule) | None => {
                return Ok(Vec::new());
            }
        }
        let inner = self.inner.find_tree(entry.id()).map_err(failed("read", folder))?;
        let mut names = tree::file_names(&inner, folder)?;
        names.sort();
        Ok(names)
    }

    /// The paths that differ between two commits, sorted; without an older one, all that the commit has.
    ///
    /// # Errors
    /// If a commit is not there, or is larger than a checkout may be.
    pub fn changed_paths(&self, older: Option<&Sha>, newer: &Sha) -> Result<Vec<String>, GitError> {
        let older = older.map(|commit| self.tree(commit)).transpose()?;
        let paths = difference::paths(&self.inner, older.as_ref(), &self.tree(newer)?)?;
        Ok(paths.into_iter().collect())
    }
}
