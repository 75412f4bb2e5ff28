//! Asking GitHub itself: where branches point to, by requests that cost nothing as long as nothing moves; and what it
//! could not deliver.

use super::{
    Hearing, Repository,
    rules::{Rules, Trouble},
};
use crate::{
    github::{Client, GithubError, Head, Hook},
    ids::BranchName,
    store::{Kept, NewDelivery, StoreError, Via},
};
use jiff::Timestamp;
use serde_json::Value;

/// GitHub could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It refused or did not answer.
    #[error(transparent)]
    Github(#[from] GithubError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The repository says nothing about where to deploy.
    #[error("{0}")]
    Rules(String),
}

impl From<Trouble> for AskError {
    fn from(trouble: Trouble) -> Self {
        Self::Rules(trouble.to_string())
    }
}

impl Hearing {
    /// Asks where the branches that deploy point to, and makes a delivery of each push that none has told of. The rules
    /// are those that were fetched last. Returns how many there were.
    ///
    /// # Errors
    /// If GitHub cannot be asked, the repository has no rules, or the store fails.
    pub async fn ask(&self, github: &Client, repository: &Repository) -> Result<usize, AskError> {
        let Some(name) = &repository.github else { return Ok(0) };
        let opened = self.open(repository).map_err(Trouble::from)?;
        let (called, rules) = (opened.name(), Rules::of(&opened, &self.projects)?);
        let mut found = 0;
        for rule in &rules.environments {
            let Ok(branch) = rule.branch.parse::<BranchName>() else { continue };
            let known = self.store.known_head(&called, &branch).await?;
            let (was, etag) = known.map_or((None, None), |(was, etag)| (Some(was), etag));
            let head = github.head(name, branch.as_str(), etag.as_deref()).await?;
            let Head::At { commit, etag } = head else { continue };
            let place = (&branch, &rule.name);
            let new =
                self.found((repository, &opened), place, (was.as_ref(), &commit), &rules.commit);
            if let Some(new) = new.await? {
                found += usize::from(self.store.keep_delivery(&new).await? == Kept::New);
            }
            // Only now: a crash before this finds the push again.
            self.store.keep_head((&called, &branch), &commit, etag.as_deref()).await?;
        }
        Ok(found)
    }

    /// Takes what GitHub could not deliver since `since`, as if it had come. Returns how many there were.
    ///
    /// # Errors
    /// If GitHub cannot be asked, or the store fails.
    pub async fn recover(
        &self,
        github: &Client,
        hook: &Hook,
        (repositories, since): (&[Repository], Timestamp),
    ) -> Result<usize, AskError> {
        let mut recovered = 0;
        for failed in github.failed_deliveries(hook, since).await? {
            if self.store.delivery(&failed.id).await?.is_some() {
                continue;
            }
            let sent = github.payload(hook, failed.attempt).await?;
            let named = sent.payload.pointer("/repository/full_name").and_then(Value::as_str);
            let is_meant = |known: &&Repository| {
                known.github.as_ref().is_some_and(|github| named.is_some_and(|n| github.is(n)))
            };
            let Some(repository) = repositories.iter().find(is_meant) else { continue };
            let new = NewDelivery {
                id: failed.id,
                via: Via::Recovery,
                repository: repository.name.to_string(),
                event: sent.event,
                body: sent.payload.to_string(),
            };
            recovered += usize::from(self.store.keep_delivery(&new).await? == Kept::New);
        }
        Ok(recovered)
    }
}
