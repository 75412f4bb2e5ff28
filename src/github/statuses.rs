//! Commit statuses. The newest of a context counts, so saying one again changes nothing but the list.

use super::{Before, Client, GithubError, call::Call};
use crate::ids::GitHubName;
use crate::report::{CommitStatus, StatusState};
use serde::Deserialize;
use serde_json::{Value, json};

/// Statuses of a commit among which the newest of a context is looked for.
const PER_PAGE: &str = "100";

#[derive(Deserialize)]
struct Said {
    id: u64,
    context: String,
    state: StatusState,
    description: Option<String>,
}

impl Client {
    /// Sets a status, unless an unanswered try has set it. Answers its id.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses.
    pub async fn say_status(
        &self,
        slug: &GitHubName,
        status: &CommitStatus,
        before: Before<'_>,
    ) -> Result<String, GithubError> {
        const OPERATION: &str = "set a commit status";
        if before == Before::Perhaps
            && let Some(said) = self.newest_status(slug, status).await?
            && said.state == status.state
            && said.description.as_deref() == Some(status.description.as_str())
        {
            return Ok(said.id.to_string());
        }
        let segments = ["repos", slug.owner(), slug.name(), "statuses", status.commit.as_str()];
        let call = Call::post(OPERATION, &segments, body(status));
        let made: super::client::Identified = self.within(slug, &call).await?.read(OPERATION)?;
        Ok(made.id.to_string())
    }

    async fn newest_status(
        &self,
        slug: &GitHubName,
        status: &CommitStatus,
    ) -> Result<Option<Said>, GithubError> {
        const OPERATION: &str = "list commit statuses";
        let commit = status.commit.as_str();
        let segments = ["repos", slug.owner(), slug.name(), "commits", commit, "statuses"];
        let call = Call::get(OPERATION, &segments).with(&[("per_page", PER_PAGE)]);
        let said: Vec<Said> = self.within(slug, &call).await?.read(OPERATION)?;
        let is_meant = |said: &Said| said.context.eq_ignore_ascii_case(&status.context);
        Ok(said.into_iter().find(is_meant))
    }
}

fn body(status: &CommitStatus) -> Value {
    let mut body = json!({
        "state": status.state,
        "context": status.context,
        "description": status.description,
    });
    if let Some(page) = &status.page {
        body["target_url"] = json!(page);
    }
    body
}
