//! Tokens as they are kept: names, roles, hashes, ends.

use super::{Role, Secret};
use crate::ids::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, io};

/// Tokens that a file holds at most.
const MOST: usize = 256;
/// Longest name of a token.
const LONGEST_NAME: usize = 64;

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenRecord {
    /// Whose it is; what the audit log says about its deeds.
    pub name: String,
    /// What it is for.
    pub roles: BTreeSet<Role>,
    /// The SHA-256 of its text.
    pub sha256: Digest,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
}

/// All tokens of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    tokens: Vec<TokenRecord>,
}

/// Why the file or a token is refused.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file cannot be read or written.
    #[error("cannot use the tokens in {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Somebody else could put tokens into the file.
    #[error("{0} can be written by others than its owner")]
    Writable(String),
    /// The name is none.
    #[error("'{0}' is no name of a token: up to 64 letters, digits, '-', '_', '.' and '@'")]
    Name(String),
    /// A living token has this name.
    #[error("there is a token '{0}' already")]
    Taken(String),
    /// No living token has this name.
    #[error("there is no token '{0}'")]
    Unknown(String),
    /// There are too many.
    #[error("there are {MOST} tokens already")]
    Full,
}

impl TokenRecord {
    /// Does it count at this moment?
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }
}

impl Tokens {
    /// All of them, in the order they were made.
    #[must_use]
    pub fn list(&self) -> &[TokenRecord] {
        &self.tokens
    }

    /// The living token with this text. Takes as long whichever it is.
    #[must_use]
    pub fn find(&self, secret: &Secret, now: Timestamp) -> Option<&TokenRecord> {
        let hash = secret.hash();
        let mut found = None;
        for token in &self.tokens {
            if is_same(&hash, &token.sha256) && token.is_alive(now) {
                found = Some(token);
            }
        }
        found
    }

    /// Adds a token; ended ones make room.
    ///
    /// # Errors
    /// The name is none or taken, or there are too many.
    pub fn add(&mut self, new: TokenRecord, now: Timestamp) -> Result<(), TokenError> {
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
        if new.name.is_empty() || new.name.len() > LONGEST_NAME || !new.name.chars().all(legal) {
            return Err(TokenError::Name(new.name));
        }
        if self.tokens.iter().any(|token| token.name == new.name && token.is_alive(now)) {
            return Err(TokenError::Taken(new.name));
        }
        if self.tokens.len() >= MOST {
            self.tokens.retain(|token| token.is_alive(now));
        }
        if self.tokens.len() >= MOST {
            return Err(TokenError::Full);
        }
        self.tokens.push(new);
        Ok(())
    }

    /// Takes a token back.
    ///
    /// # Errors
    /// [`TokenError::Unknown`] if none with this name lives.
    pub fn revoke(&mut self, name: &str, now: Timestamp) -> Result<(), TokenError> {
        let mut living = self.tokens.iter_mut().filter(|token| token.is_alive(now));
        let token = living.find(|token| token.name == name);
        let token = token.ok_or_else(|| TokenError::Unknown(name.to_owned()))?;
        token.revoked = Some(now);
        Ok(())
    }
}

/// Compares every byte, wherever the first difference is.
fn is_same(one: &Digest, other: &Digest) -> bool {
    let pairs = one.as_str().bytes().zip(other.as_str().bytes());
    std::hint::black_box(pairs.fold(0, |differences, (a, b)| differences | (a ^ b))) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn token(name: &str, chance: u8) -> (Secret, TokenRecord) {
        let secret = Secret::of([chance; 32]);
        let record = TokenRecord {
            name: name.to_owned(),
            roles: [Role::Operator].into(),
            sha256: secret.hash(),
            created: at(0),
            expires: None,
            revoked: None,
        };
        (secret, record)
    }

    #[test]
    fn a_token_counts_until_it_ends_or_is_taken_back() {
        let mut tokens = Tokens::default();
        let (ci, record) = token("ci", 1);
        tokens.add(TokenRecord { expires: Some(at(100)), ..record.clone() }, at(0)).unwrap();
        let (other, record_of_other) = token("other", 2);
        tokens.add(record_of_other, at(0)).unwrap();
        assert_eq!(tokens.find(&ci, at(99)).unwrap().name, "ci");
        assert!(tokens.find(&ci, at(100)).is_none(), "it has ended");
        assert!(matches!(tokens.add(record.clone(), at(50)), Err(TokenError::Taken(_))));
        tokens.add(record, at(100)).unwrap();
        assert_eq!(tokens.find(&other, at(100)).unwrap().name, "other");
        tokens.revoke("other", at(100)).unwrap();
        assert!(tokens.find(&other, at(100)).is_none());
        assert!(matches!(tokens.revoke("other", at(101)), Err(TokenError::Unknown(_))));
        let stranger = Secret::read("relevo_stranger").unwrap();
        assert!(tokens.find(&stranger, at(0)).is_none());
    }

    #[test]
    fn names_that_could_deceive_and_too_many_are_refused() {
        let mut tokens = Tokens::default();
        for name in ["", "ada (cli)", "a\nb", "é", &"x".repeat(65)] {
            let refused = tokens.add(token(name, 1).1, at(0));
            assert!(matches!(refused, Err(TokenError::Name(_))), "{name:?}");
        }
        for number in 0..MOST {
            tokens.add(token(&format!("t{number}"), 0).1, at(0)).unwrap();
        }
        assert!(matches!(tokens.add(token("more", 0).1, at(0)), Err(TokenError::Full)));
        tokens.revoke("t7", at(1)).unwrap();
        tokens.add(token("more", 0).1, at(2)).unwrap();
    }
}
