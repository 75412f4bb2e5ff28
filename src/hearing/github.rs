//! Asking GitHub itself: where branches point to, by requests that cost nothing as long as nothing moves; and what it
//! could not deliver.

use super::{
    Hearing, Repository,
    rules::{Rules, Trouble},
};
use crate::{
    github::{Client, GithubError, Head, Hook, Redelivered},
    ids::{BranchName, DeliveryId},
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
    /// It did not tell of one thing that it could not deliver; it was asked for the others all the same.
    #[error("{about}: {error}")]
    Missed {
        /// Of what, or of whose.
        about: String,
        /// Why not.
        error: GithubError,
    },
}

/// What came of asking for what could not be delivered.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Deliveries that were taken.
    pub found: usize,
    /// Why some may be missing; the first reason, if there are several.
    pub trouble: Option<AskError>,
}

impl Recovered {
    fn add(&mut self, other: Self) {
        self.found += other.found;
        self.trouble = self.trouble.take().or(other.trouble);
    }

    fn missed(about: String, error: GithubError) -> Self {
        Self { found: 0, trouble: Some(AskError::Missed { about, error }) }
    }
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
            let etag = self.store.known_tag(&called, &branch).await?;
            let head = github.head(name, branch.as_str(), etag.as_deref()).await?;
            let Head::At { commit, etag } = head else { continue };
            let push = ((&branch, &commit), &rule.name);
            let new = self.found((repository, &opened), push, &rules.commit).await?;
            if let Some(new) = new {
                found += usize::from(self.store.keep_delivery(&new).await? == Kept::New);
            }
            // Only now: a crash before this finds the push again.
            self.store.keep_head((&called, &branch), &commit, etag.as_deref()).await?;
        }
        Ok(found)
    }

    /// Takes what GitHub could not deliver to `address` since `since`, as if it had come. What cannot be asked for or
    /// read keeps none of the rest.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn recover(
        &self,
        github: &Client,
        address: &str,
        known: (&[Repository], Timestamp),
    ) -> Result<Recovered, StoreError> {
        if github.is_app() {
            return self.recover_of(github, &Hook::App, known).await;
        }
        let mut recovered = Recovered::default();
        for name in known.0.iter().filter_map(|repository| repository.github.as_ref()) {
            recovered.add(match github.hook(name, address).await {
                Ok(Some(hook)) => self.recover_of(github, &hook, known).await?,
                Ok(None) => Recovered::default(),
                Err(error) => Recovered::missed(format!("the webhooks of {name}"), error),
            });
        }
        Ok(recovered)
    }

    async fn recover_of(
        &self,
        github: &Client,
        hook: &Hook,
        (repositories, since): (&[Repository], Timestamp),
    ) -> Result<Recovered, StoreError> {
        let failed = match github.failed_deliveries(hook, since).await {
            Ok(failed) => failed,
            Err(error) => return Ok(Recovered::missed(of(hook), error)),
        };
        let mut recovered = Recovered::default();
        for failed in failed {
            if self.store.delivery(&failed.id).await?.is_some() {
                continue;
            }
            match github.payload(hook, failed.attempt).await {
                Ok(sent) => {
                    let new = meant(repositories, failed.id, sent);
                    let Some(new) = new else { continue };
                    let kept = self.store.keep_delivery(&new).await?;
                    recovered.found += usize::from(kept == Kept::New);
                }
                Err(error) => {
                    let about = format!("delivery {} of {}", failed.id, of(hook));
                    recovered.add(Recovered::missed(about, error));
                }
            }
        }
        Ok(recovered)
    }
}

/// Whose deliveries, in words.
fn of(hook: &Hook) -> String {
    match hook {
        Hook::App => "the App's webhook".to_owned(),
        Hook::Repository { slug, .. } => format!("the webhook of {slug}"),
    }
}

/// What came late, if it is about a repository of this agent.
fn meant(repositories: &[Repository], id: DeliveryId, sent: Redelivered) -> Option<NewDelivery> {
    let named = sent.payload.pointer("/repository/full_name").and_then(Value::as_str)?;
    let is_meant =
        |known: &&Repository| known.github.as_ref().is_some_and(|github| github.is(named));
    let repository = repositories.iter().find(is_meant)?;
    Some(NewDelivery {
        id,
        via: Via::Recovery,
        repository: repository.name.to_string(),
        event: sent.event,
        body: sent.payload.to_string(),
    })
}
