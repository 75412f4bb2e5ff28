//! Where secrets are, and reading them.

use super::raw::RawSecret;
use crate::spec::Reading;
use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// Bytes of a file that holds a secret: a key in PEM has about 2,000.
const LARGEST: u64 = 64 * 1024;

/// Where a secret is. The settings never hold one themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file of its own; a line break at the end does not count.
    File(PathBuf),
    /// In an environment variable.
    Variable(String),
}

/// A secret could not be read. Says where it should be, never what was found.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("read the secret in {}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The variable is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// Nothing in it, or far too much.
    #[error("{0} holds no secret: it is empty or larger than {LARGEST} bytes")]
    NoSecret(SecretSource),
}

impl SecretSource {
    /// Reads the secret; `variable` knows the environment.
    ///
    /// # Errors
    /// It is not there, empty, or far too large.
    pub fn read(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, SecretError> {
        let text = match self {
            Self::File(path) => read_file(path)
                .map_err(|source| SecretError::File { path: path.clone(), source })?,
            Self::Variable(name) => {
                variable(name).ok_or_else(|| SecretError::Unset(name.clone()))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.len() as u64 > LARGEST {
            return Err(SecretError::NoSecret(self.clone()));
        }
        Ok(text.to_owned())
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
        }
    }
}

/// The source that is written, if it is one; relative files are meant from `folder`.
pub(super) fn source(raw: RawSecret, folder: &Path) -> Option<SecretSource> {
    match (raw.file, raw.env) {
        (Some(file), None) => Some(SecretSource::File(folder.join(file))),
        (None, Some(variable)) => Some(SecretSource::Variable(variable)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// Reports that there is no source where one should be.
pub(super) fn report(reading: &mut Reading<'_>, path: &[&str]) {
    let message = "a secret is in a file or in an environment variable, one of them";
    reading
        .key_error(path, "bad-secret", message)
        .help("write 'file: PATH' or 'env: NAME'; the secret itself never stands here");
}

fn read_file(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}
