//! Who did what, as GitHub knows it.

use super::{Class, Client, GithubError, call::Call};
use crate::ids::{BranchName, GitHubName, Sha};
use serde::Deserialize;

/// Changes of a branch among which a push is looked for, newest first.
const MOST_CHANGES: &str = "100";

#[derive(Deserialize)]
struct Change {
    after: Sha,
    actor: Option<Account>,
}

#[derive(Deserialize)]
struct Written {
    author: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: Option<String>,
}

impl Client {
    /// Who made a branch point to a commit; nothing if GitHub does not tell.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub async fn pusher(
        &self,
        slug: &GitHubName,
        (branch, commit): (&BranchName, &Sha),
    ) -> Result<Option<String>, GithubError> {
        const OPERATION: &str = "ask who pushed";
        let segments = ["repos", slug.owner(), slug.name(), "activity"];
        let reference = format!("refs/heads/{branch}");
        let query = [("ref", reference.as_str()), ("per_page", MOST_CHANGES)];
        let call = Call::get(OPERATION, &segments).with(&query);
        let changes: Vec<Change> = match self.within(slug, &call).await {
            Ok(answer) => answer.read(OPERATION)?,
            // An older Enterprise does not know the question.
            Err(GithubError { class: Class::NotFound | Class::Gone, .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let change = changes.into_iter().find(|change| change.after == *commit);
        Ok(change.and_then(|change| change.actor?.login))
    }

    /// The account of a commit's author, which is the one that has the address in the commit. Whoever makes a commit can
    /// write any address there.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub async fn author(
        &self,
        slug: &GitHubName,
        commit: &Sha,
    ) -> Result<Option<String>, GithubError> {
        const OPERATION: &str = "ask who wrote a commit";
        let segments = ["repos", slug.owner(), slug.name(), "commits", commit.as_str()];
        let call = Call::get(OPERATION, &segments).with(&[("per_page", "1")]);
        let written: Written = self.within(slug, &call).await?.read(OPERATION)?;
        Ok(written.author.and_then(|author| author.login))
    }
}
