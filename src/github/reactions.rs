//! Signs beside comments: what became of what somebody asked for. GitHub keeps one of a kind from each account.

use super::{Client, GithubError, call::Call};
use crate::ids::GitHubName;
use serde_json::json;

/// Where a comment stands, with its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// On a pull request.
    Proposal(u64),
    /// On a commit.
    Commit(u64),
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// It was done.
    Yes,
    /// It was not.
    Puzzled,
}

impl Client {
    /// Puts a sign beside a comment. One that is there already stays.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses.
    pub async fn react(
        &self,
        slug: &GitHubName,
        spot: Spot,
        reaction: Reaction,
    ) -> Result<(), GithubError> {
        let content = match reaction {
            Reaction::Yes => "+1",
            Reaction::Puzzled => "confused",
        };
        let id = match spot {
            Spot::Proposal(id) | Spot::Commit(id) => id.to_string(),
        };
        let (owner, name) = (slug.owner(), slug.name());
        let segments = match spot {
            Spot::Proposal(_) => vec!["repos", owner, name, "issues", "comments", &id, "reactions"],
            Spot::Commit(_) => vec!["repos", owner, name, "comments", &id, "reactions"],
        };
        let call = Call::post("react to a comment", &segments, json!({ "content": content }));
        self.within(slug, &call).await.map(drop)
    }
}
