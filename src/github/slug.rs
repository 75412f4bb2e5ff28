//! How GitHub names a repository.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Longest name of an account, and of a repository (GitHub's own limits are 39 and 100).
const LONGEST: usize = 100;

/// A repository's name, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug {
    owner: String,
    name: String,
}

/// Not the name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a repository's name at GitHub, such as octo/model")]
pub struct NoSlug(String);

impl Slug {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Its name there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Slug {
    type Err = NoSlug;
    fn from_str(text: &str) -> Result<Self, NoSlug> {
        let legal = |part: &str| {
            let characters = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            let dots = part.chars().all(|c| c == '.');
            !dots && part.len() <= LONGEST && part.chars().all(characters)
        };
        match text.split_once('/') {
            Some((owner, name)) if legal(owner) && legal(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            Some(_) | None => Err(NoSlug(text.chars().take(LONGEST).collect())),
        }
    }
}

impl TryFrom<String> for Slug {
    type Error = NoSlug;
    fn try_from(text: String) -> Result<Self, NoSlug> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.to_string()
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_plain_parts() {
        assert_eq!("octo/model.x".parse::<Slug>().unwrap().to_string(), "octo/model.x");
        for wrong in ["octo", "octo/", "/model", "octo/a/b", "octo/..", "octo/a b", "a?/b"] {
            assert!(wrong.parse::<Slug>().is_err(), "{wrong}");
        }
    }
}
