//! Tokens that open a repository for git: of an App one that may read this repository and nothing else, for an hour.

use super::{Class, Client, GithubError, call::Call};
use crate::{clock::later, ids::GitHubName};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

/// A token that expires within this time is exchanged: git may begin to fetch with it as late as that.
const LAST_USE: Duration = Duration::from_mins(10);

/// A token, and until when it opens.
#[derive(Clone, Deserialize)]
pub(super) struct GitToken {
    token: String,
    expires_at: Timestamp,
}

impl Client {
    /// What git opens the repository with, as the password of the user `x-access-token`.
    ///
    /// # Errors
    /// If there is none to be had.
    pub async fn git_token(&self, slug: &GitHubName) -> Result<String, GithubError> {
        const OPERATION: &str = "get a token for git";
        let unusable = |error: super::BadCredentials| {
            GithubError::new(Class::Unauthorized, OPERATION, error.to_string())
        };
        if let Some(token) = self.token().await.map_err(unusable)? {
            return Ok(token);
        }
        let mut tokens = self.git_tokens.lock().await;
        if let Some(known) = tokens.get(slug)
            && known.expires_at > later(self.clock.now(), LAST_USE)
        {
            return Ok(known.token.clone());
        }
        let installation = self.installation(slug).await?.to_string();
        let segments = ["app", "installations", &installation, "access_tokens"];
        let body = json!({ "repositories": [slug.name()], "permissions": { "contents": "read" } });
        let answer = self.ask(&self.as_itself(), &Call::post(OPERATION, &segments, body)).await?;
        let new: GitToken = answer.read(OPERATION)?;
        tokens.insert(slug.clone(), new.clone());
        Ok(new.token)
    }

    /// What git opens the repository with in the place of `refused`, which the server does not take any more; nothing if
    /// there is no other.
    ///
    /// # Errors
    /// If there is none to be had.
    pub async fn git_token_instead_of(
        &self,
        slug: &GitHubName,
        refused: &str,
    ) -> Result<Option<String>, GithubError> {
        let mut tokens = self.git_tokens.lock().await;
        if tokens.get(slug).is_some_and(|known| known.token == refused) {
            tokens.remove(slug);
        }
        drop(tokens);
        let token = self.git_token(slug).await?;
        Ok((token != refused).then_some(token))
    }
}
