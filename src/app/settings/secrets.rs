//! Where secrets are, and reading them.

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

fn read_file(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}
