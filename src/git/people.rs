//! Who wrote and committed a commit, and who works here.

use super::{GitError, Repository};
use crate::ids::Sha;

/// The people behind a commit, as it names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Who wrote the change.
    pub author: Person,
    /// Who made it a commit.
    pub committer: Person,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Name, perhaps empty.
    pub name: String,
    /// Address, perhaps empty.
    pub email: String,
}

impl People {
    /// Every name and address.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.author, &self.committer]
            .into_iter()
            .flat_map(|person| [person.name.as_str(), person.email.as_str()])
    }
}

impl Repository {
    /// Who wrote and who committed `commit`.
    ///
    /// # Errors
    /// [`GitError::NoSuchCommit`].
    pub fn people(&self, commit: &Sha) -> Result<People, GitError> {
        let commit = self.find(commit)?;
        let person = |signature: &git2::Signature<'_>| Person {
            name: String::from_utf8_lossy(signature.name_bytes()).into_owned(),
            email: String::from_utf8_lossy(signature.email_bytes()).into_owned(),
        };
        Ok(People { author: person(&commit.author()), committer: person(&commit.committer()) })
    }

    /// What the commit says about itself.
    ///
    /// # Errors
    /// [`GitError::NoSuchCommit`].
    pub fn message(&self, commit: &Sha) -> Result<String, GitError> {
        Ok(String::from_utf8_lossy(self.find(commit)?.message_bytes()).into_owned())
    }

    /// The address that git would put into a commit made here (`user.email`), if one is set.
    #[must_use]
    pub fn user_email(&self) -> Option<String> {
        let config = self.inner.config().ok()?.snapshot().ok()?;
        let email = config.get_str("user.email").ok()?.trim();
        (!email.is_empty()).then(|| email.to_owned())
    }
}
