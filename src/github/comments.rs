//! The one comment of a pull request that is edited in place.

use super::{Before, Class, Client, GithubError, call::Call};
use crate::ids::GitHubName;
use crate::report::Comment;
use serde::Deserialize;
use serde_json::json;

/// Comments of a page.
const PER_PAGE: &str = "100";
/// Pages of comments among which the agent's own is looked for.
const MOST_PAGES: usize = 10;
/// What is kept about a comment that nobody could be shown: there was no pull request.
const NOWHERE: &str = "none";

#[derive(Deserialize)]
struct Found {
    id: u64,
    body: Option<String>,
    user: Option<super::client::Identified>,
    performed_via_github_app: Option<super::client::Identified>,
}

/// Who the agent is as the author of comments. Whoever else writes the marker gets nothing edited.
enum Author {
    App(u64),
    User(u64),
}

impl Client {
    /// Writes the comment on the open pull request of its commit, or edits the one that is there. Answers its id; where
    /// there is no pull request there is nothing to do.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses.
    pub async fn say_comment(
        &self,
        slug: &GitHubName,
        comment: &Comment,
        before: Before<'_>,
    ) -> Result<String, GithubError> {
        if let Before::Made(id) = before
            && id != NOWHERE
        {
            match self.edit(slug, id, comment).await {
                Err(GithubError { class: Class::NotFound | Class::Gone, .. }) => {}
                other => return other,
            }
        }
        let pulls = self.pull_requests_of(slug, &comment.commit).await?;
        let Some(pull) = pulls.first() else { return Ok(NOWHERE.to_owned()) };
        self.keep_comment(slug, &pull.number.to_string(), comment).await
    }

    /// Writes the comment on this pull request, or edits the one that is there.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses.
    pub async fn say_comment_on(
        &self,
        slug: &GitHubName,
        number: u64,
        comment: &Comment,
    ) -> Result<(), GithubError> {
        self.keep_comment(slug, &number.to_string(), comment).await.map(drop)
    }

    async fn keep_comment(
        &self,
        slug: &GitHubName,
        number: &str,
        comment: &Comment,
    ) -> Result<String, GithubError> {
        match self.own_comment(slug, number, comment).await? {
            Some(id) => self.edit(slug, &id, comment).await,
            None => self.write(slug, number, comment).await,
        }
    }

    async fn write(
        &self,
        slug: &GitHubName,
        number: &str,
        comment: &Comment,
    ) -> Result<String, GithubError> {
        const OPERATION: &str = "write a comment";
        let segments = ["repos", slug.owner(), slug.name(), "issues", number, "comments"];
        let call = Call::post(OPERATION, &segments, json!({ "body": comment.body }));
        let made: super::client::Identified = self.within(slug, &call).await?.read(OPERATION)?;
        Ok(made.id.to_string())
    }

    async fn edit(
        &self,
        slug: &GitHubName,
        id: &str,
        comment: &Comment,
    ) -> Result<String, GithubError> {
        const OPERATION: &str = "edit a comment";
        let segments = ["repos", slug.owner(), slug.name(), "issues", "comments", id];
        let call = Call::patch(OPERATION, &segments, json!({ "body": comment.body }));
        self.within(slug, &call).await.map(|_| id.to_owned())
    }

    /// The agent's own comment with the marker, which may be another run's.
    async fn own_comment(
        &self,
        slug: &GitHubName,
        number: &str,
        comment: &Comment,
    ) -> Result<Option<String>, GithubError> {
        const OPERATION: &str = "look for a comment";
        let author = match self.app_id() {
            Some(id) => Author::App(id),
            None => Author::User(self.user().await?),
        };
        let segments = ["repos", slug.owner(), slug.name(), "issues", number, "comments"];
        let mut page = "1".to_owned();
        for _ in 0..MOST_PAGES {
            let query = [("per_page", PER_PAGE), ("page", page.as_str())];
            let call = Call::get(OPERATION, &segments).with(&query);
            let answer = self.within(slug, &call).await?;
            let next = answer.next.clone();
            let found: Vec<Found> = answer.read(OPERATION)?;
            let is_own = |found: &Found| author.wrote(found) && found.has(&comment.marker);
            if let Some(found) = found.into_iter().find(is_own) {
                return Ok(Some(found.id.to_string()));
            }
            match next {
                Some(next) => page = next,
                None => break,
            }
        }
        Ok(None)
    }
}

impl Found {
    fn has(&self, marker: &str) -> bool {
        self.body.as_ref().is_some_and(|body| body.lines().next().map(str::trim) == Some(marker))
    }
}

impl Author {
    fn wrote(&self, found: &Found) -> bool {
        match self {
            Self::App(id) => found.performed_via_github_app.as_ref().is_some_and(|a| a.id == *id),
            Self::User(id) => found.user.as_ref().is_some_and(|user| user.id == *id),
        }
    }
}
