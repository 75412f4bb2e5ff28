//! Writing a commit's files.

use super::error::failed;
use super::tree::{self, Entry, Kind};
use super::{GitError, Repository};
use crate::ids::Sha;
use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{OpenOptionsExt as _, PermissionsExt as _, symlink},
    },
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// Ends the name of a checkout that is not whole yet.
pub(crate) const PARTIAL: &str = ".partial";

/// A folder that holds all files of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The folder.
    pub folder: PathBuf,
}

impl Repository {
    /// Writes all files of a commit to a new folder. A folder that is there already is taken as it is: it was complete
    /// when it was made, and later stages may have changed it. Of several that make it at once each writes beside the
    /// others, and the first that is done names its own so.
    ///
    /// # Errors
    /// If the commit is not there, holds what must not be written, or cannot be written.
    pub fn checkout(&self, commit: &Sha, folder: &Path) -> Result<Checkout, GitError> {
        let done = Checkout { folder: folder.to_owned() };
        if folder.exists() {
            return Ok(done);
        }
        let tree = self.tree(commit)?;
        let entries = tree::walk(&self.inner, &tree)?;
        let aside =
            beside(folder).map_err(|source| GitError::Write { path: folder.to_owned(), source })?;
        // Links come last, so that no file is written through one.
        let is_link = |entry: &&Entry| entry.kind == Kind::Link;
        for entry in entries.iter().filter(|entry| !is_link(entry)) {
            self.write(entry, aside.path())?;
        }
        for entry in entries.iter().filter(is_link) {
            self.write(entry, aside.path())?;
        }
        match fs::rename(aside.path(), folder) {
            Ok(()) => {
                let _under_its_old_name = aside.keep();
                Ok(done)
            }
            Err(_) if folder.exists() => Ok(done),
            Err(source) => Err(GitError::Write { path: folder.to_owned(), source }),
        }
    }

    fn write(&self, entry: &Entry, root: &Path) -> Result<(), GitError> {
        let path = root.join(&entry.path);
        let blob = || self.inner.find_blob(entry.id).map_err(failed("read", &entry.path));
        let written = match entry.kind {
            // A name that comes twice is an error here, so nothing is ever written over.
            Kind::Folder | Kind::Submodule => fs::create_dir(&path),
            Kind::Link => symlink(Path::new(std::ffi::OsStr::from_bytes(blob()?.content())), &path),
            Kind::File => write_new(&path, 0o644, blob()?.content()),
            Kind::Program => write_new(&path, 0o755, blob()?.content()),
        };
        written.map_err(|source| GitError::Write { path, source })
    }
}

/// A folder that becomes `folder` when it is whole, and is removed if it does not.
fn beside(folder: &Path) -> io::Result<TempDir> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    fs::create_dir_all(parent)?;
    let mut prefix = name.to_owned();
    prefix.push(".");
    tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(PARTIAL)
        .permissions(fs::Permissions::from_mode(0o777))
        .tempdir_in(parent)
}

fn write_new(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(content)
}
