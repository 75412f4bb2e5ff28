//! A token's text: shown once, then known by its hash.

use crate::ids::Digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// What every token begins with, so that scanners for leaked secrets know one.
const PREFIX: &str = "relevo_";
/// Bytes of chance in a token: nobody guesses 256 bits, so a fast hash without salt keeps them.
pub(super) const RANDOM: usize = 32;
/// Longest text that is looked at as a token.
const LONGEST: usize = 256;

/// The text of a token. Nothing prints it by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new token, made of chance.
    #[must_use]
    pub fn of(random: [u8; RANDOM]) -> Self {
        Self(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(random)))
    }

    /// A token as somebody wrote it: printable, without spaces, of bounded length.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let legal = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        (legal && !text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// The text itself, for the one time that it is shown or sent.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
