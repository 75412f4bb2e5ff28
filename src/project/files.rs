//! One place to read a project's files from: a commit, or a folder that is not committed yet.

use crate::{git, ids::Sha, spec::SourceFile};
use std::{fs, io, path::Path};

/// Largest file that is read, in bytes. A data set of a million rows fits; a video does not.
const LONGEST_FILE: u64 = 256 * 1024 * 1024;

/// Where files are read from.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// The tree of a commit: what a run uses.
    Commit(&'a git::Repository, &'a Sha),
    /// A folder as it is now: what `agent validate` looks at before the commit.
    Folder(&'a Path),
}

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// From the repository.
    #[error(transparent)]
    Git(#[from] git::GitError),
    /// From the folder.
    #[error("read {path}")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Over the limit.
    #[error("{path} is larger than {LONGEST_FILE} bytes")]
    TooLarge {
        /// Which file.
        path: String,
    },
    /// Bytes that are no UTF-8.
    #[error("{path} is not UTF-8 text: line {line}")]
    NotText {
        /// Which file.
        path: String,
        /// Where the first bad byte is, from 1.
        line: usize,
    },
}

impl FileError {
    /// Is it the file's content that is wrong, so that reading it again changes nothing?
    pub(super) fn is_of_content(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::NotText { .. } => true,
            Self::Git(error) => matches!(error, git::GitError::TooLarge { .. }),
            Self::Io { .. } => false,
        }
    }
}

impl Files<'_> {
    /// The commit, or git's null id for a folder.
    pub(super) fn commit(&self) -> Sha {
        match self {
            Self::Commit(_, commit) => (*commit).clone(),
            Self::Folder(_) => Sha::null(),
        }
    }

    /// The content of `path`, or `None` where there is no such file.
    ///
    /// # Errors
    /// The file is there but cannot be read, or is larger than 256 MiB.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        match self {
            Self::Commit(repository, commit) => Ok(repository.read(commit, path)?),
            Self::Folder(folder) => read_file(folder, path),
        }
    }

    /// The text at `path`, or `None` where there is no such file.
    ///
    /// # Errors
    /// As [`Self::read`], and if it is no UTF-8.
    pub fn text(&self, path: &str) -> Result<Option<SourceFile>, FileError> {
        let Some(content) = self.read(path)? else { return Ok(None) };
        let text = String::from_utf8(content).map_err(|error| {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let newlines = before.unwrap_or_default().iter().filter(|byte| **byte == b'\n');
            FileError::NotText { path: path.to_owned(), line: newlines.count() + 1 }
        })?;
        Ok(Some(SourceFile { name: path.to_owned(), text }))
    }

    /// The names of the files directly in `folder`, sorted; empty where there is no such folder.
    ///
    /// # Errors
    /// The folder is there but cannot be listed.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        match self {
            Self::Commit(repository, commit) => Ok(repository.files_in(commit, folder)?),
            Self::Folder(root) => list_folder(root, folder),
        }
    }
}

fn read_file(folder: &Path, path: &str) -> Result<Option<Vec<u8>>, FileError> {
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    if leads_elsewhere(folder, path) {
        return Ok(None);
    }
    let full = folder.join(path);
    match fs::metadata(&full) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
        Ok(data) if data.len() > LONGEST_FILE => Err(FileError::TooLarge { path: path.to_owned() }),
        Ok(data) if !data.is_file() => Ok(None),
        Ok(_) => fs::read(full).map(Some).map_err(failed),
    }
}

fn list_folder(root: &Path, folder: &str) -> Result<Vec<String>, FileError> {
    let failed = |source| FileError::Io { path: folder.to_owned(), source };
    if leads_elsewhere(root, folder) {
        return Ok(Vec::new());
    }
    let entries = match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Is a symbolic link on the way? In a commit it is no file and no folder either; here it could lead to a file that was
/// never meant for the project, which a finding would then quote.
fn leads_elsewhere(root: &Path, path: &str) -> bool {
    let mut place = root.to_owned();
    Path::new(path).components().any(|part| {
        place.push(part);
        fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink())
    })
}
