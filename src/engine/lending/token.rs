//! The word that opens the endpoint, and the file that it is kept in.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::{
    fmt, fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Random bytes of a token: as many as a key of AES-256 has.
const BYTES: usize = 32;

/// A word that nobody can guess.
pub(super) struct Token(String);

impl Token {
    /// A new one, from the system's own source of chance.
    pub(super) fn random() -> io::Result<Self> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(hex::encode(bytes)))
    }

    /// The word itself.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Is `given` this token? How long that takes tells nothing about it: what is compared are keyed hashes, in constant
    /// time.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        let (Some(own), Some(given)) = (self.hash(self.0.as_bytes()), self.hash(given)) else {
            return false;
        };
        given.verify(&own.finalize().into_bytes()).is_ok()
    }

    fn hash(&self, text: &[u8]) -> Option<Hmac<Sha256>> {
        let mut hash = Hmac::new_from_slice(self.0.as_bytes()).ok()?;
        hash.update(text);
        Some(hash)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// A token on disk, for the agent's user alone; it goes with this.
#[derive(Debug)]
pub(super) struct TokenFile(PathBuf);

impl TokenFile {
    /// Writes `token` for `stage` into `folder`, in place of what a killed agent may have left there.
    pub(super) fn write(folder: &Path, stage: &str, token: &Token) -> io::Result<Self> {
        let file = Self(folder.join(format!("{stage}.token")));
        match fs::remove_file(&file.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut options = fs::OpenOptions::new();
        let mut opened = options.write(true).create_new(true).mode(0o600).open(&file.0)?;
        opened.write_all(token.text().as_bytes())?;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // The token opens nothing any more; the file goes with the run's folder at the latest.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_token_is_itself_and_no_other() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(token.is(token.text().as_bytes()));
        assert_eq!(token.text().len(), 2 * BYTES);
        let (begin, _) = token.text().split_at(8);
        for wrong in [other.text(), begin, "", &format!("{} ", token.text())] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(!format!("{token:?}").contains(begin));
    }

    #[test]
    fn its_file_is_for_nobody_else_and_goes_with_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("build.token"), "old").unwrap();
        let token = Token::random().unwrap();
        let file = TokenFile::write(folder.path(), "build", &token).unwrap();
        let path = file.path().to_owned();
        assert_eq!(fs::read_to_string(&path).unwrap(), token.text());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
    }
}
