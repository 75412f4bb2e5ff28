//! The file of tokens. `agent token` writes it, the server reads it anew whenever it changes.

use super::{TokenError, Tokens};
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Largest file that is read.
const LARGEST: u64 = 1024 * 1024;

/// Where the tokens are kept.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    read: Mutex<Option<(Stamp, Arc<Tokens>)>>,
}

/// What changes with a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl TokenFile {
    /// The tokens in this file; one that is not there holds none.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), read: Mutex::default() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The tokens as they are now; the file is read only when it has changed.
    ///
    /// # Errors
    /// The file cannot be read, holds something else, or others may write it: then nobody is let in.
    pub fn current(&self) -> Result<Arc<Tokens>, TokenError> {
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Arc::default()),
            Err(error) => return Err(self.failed(error)),
        };
        let stamp = Stamp {
            inode: metadata.ino(),
            length: metadata.len(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, tokens)) = read.as_ref().filter(|(known, _)| *known == stamp) {
            return Ok(tokens.clone());
        }
        if metadata.mode() & 0o022 != 0 {
            return Err(TokenError::Writable(self.path.display().to_string()));
        }
        if metadata.len() > LARGEST {
            return Err(self.failed(io::Error::other("the file is too large")));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| self.failed(error))?;
        let tokens: Tokens =
            serde_json::from_str(&text).map_err(|error| self.failed(error.into()))?;
        let tokens = Arc::new(tokens);
        *read = Some((stamp, tokens.clone()));
        Ok(tokens)
    }

    /// Replaces the tokens, all or none; nobody else can read the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&self, tokens: &Tokens) -> Result<(), TokenError> {
        self.replace(tokens).map_err(|error| self.failed(error))
    }

    fn replace(&self, tokens: &Tokens) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&next)?;
        file.write_all(serde_json::to_string_pretty(tokens)?.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, &self.path)
    }

    fn failed(&self, cause: io::Error) -> TokenError {
        TokenError::File { path: self.path.display().to_string(), cause }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::auth::{Role, Secret, TokenRecord};
    use jiff::Timestamp;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn token() -> (Secret, TokenRecord) {
        let secret = Secret::of([7; 32]);
        let record = TokenRecord {
            name: "ci".to_owned(),
            roles: [Role::Operator].into(),
            sha256: secret.hash(),
            created: NOW,
            expires: None,
            revoked: None,
        };
        (secret, record)
    }

    #[test]
    fn the_file_holds_hashes_only_is_private_and_is_read_anew_when_it_changes() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = TokenFile::at(folder.path().join("tokens.json"));
        let (secret, record) = token();
        assert!(file.current().unwrap().list().is_empty(), "no file, no tokens");
        let mut tokens = Tokens::default();
        tokens.add(record, NOW).unwrap();
        file.keep(&tokens).unwrap();
        let text = fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains(secret.reveal()) && text.contains(secret.hash().as_str()));
        assert_eq!(fs::metadata(file.path()).unwrap().mode() & 0o777, 0o600);
        assert!(file.current().unwrap().find(&secret, NOW).is_some());
        tokens.revoke("ci", NOW).unwrap();
        file.keep(&tokens).unwrap();
        assert!(file.current().unwrap().find(&secret, NOW).is_none());
        fs::write(file.path(), "{ \"tokens\": 1 }").unwrap();
        assert!(matches!(file.current(), Err(TokenError::File { .. })));
        file.keep(&tokens).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o620)).unwrap();
        assert!(matches!(TokenFile::at(file.path()).current(), Err(TokenError::Writable(_))));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
