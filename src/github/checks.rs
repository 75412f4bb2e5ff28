//! Check runs with their annotations, which GitHub takes fifty at a time and only ever adds.

use super::{Before, Class, Client, GithubError, call::Call};
use crate::ids::GitHubName;
use crate::report::{Annotation, CheckRun, Progress};
use serde::Deserialize;
use serde_json::{Value, json};

/// Annotations of one request (Create a check run).
const ANNOTATIONS: usize = 50;
/// Check runs of one name on one commit among which a run's own is looked for.
const PER_PAGE: &str = "100";

#[derive(Deserialize)]
struct Made {
    id: u64,
    external_id: Option<String>,
    output: Output,
}

#[derive(Deserialize)]
struct Output {
    annotations_count: usize,
}

#[derive(Deserialize)]
struct Listed {
    check_runs: Vec<Made>,
}

impl Client {
    /// Makes a check run or brings the one that was made up to date. Answers its id.
    ///
    /// # Errors
    /// If GitHub cannot be asked or refuses; only Apps may.
    pub async fn say_check(
        &self,
        slug: &GitHubName,
        check: &CheckRun,
        before: Before<'_>,
    ) -> Result<String, GithubError> {
        let known = match before {
            Before::Nothing => None,
            Before::Perhaps => self.own_check(slug, check).await?.map(|made| made.id.to_string()),
            Before::Made(id) => Some(id.to_owned()),
        };
        let made = match known {
            None => self.make_check(slug, check).await?,
            Some(id) => match self.change_check(slug, &id, body(check, &[])).await {
                Err(GithubError { class: Class::NotFound | Class::Gone, .. }) => {
                    self.make_check(slug, check).await?
                }
                other => other?,
            },
        };
        self.annotate(slug, check, made).await
    }

    /// The check run that this run has made, by its own id.
    async fn own_check(
        &self,
        slug: &GitHubName,
        check: &CheckRun,
    ) -> Result<Option<Made>, GithubError> {
        const OPERATION: &str = "look for a check run";
        let commit = check.commit.as_str();
        let segments = ["repos", slug.owner(), slug.name(), "commits", commit, "check-runs"];
        let query =
            [("check_name", check.name.as_str()), ("filter", "all"), ("per_page", PER_PAGE)];
        let call = Call::get(OPERATION, &segments).with(&query);
        let listed: Listed = self.within(slug, &call).await?.read(OPERATION)?;
        let own = check.thing();
        let is_own = |made: &Made| made.external_id.as_deref().map(CheckRun::thing_of) == Some(own);
        Ok(listed.check_runs.into_iter().find(is_own))
    }

    async fn make_check(&self, slug: &GitHubName, check: &CheckRun) -> Result<Made, GithubError> {
        const OPERATION: &str = "make a check run";
        let first = check.annotations.get(..ANNOTATIONS).unwrap_or(&check.annotations);
        let mut body = body(check, first);
        body["head_sha"] = json!(check.commit);
        let segments = ["repos", slug.owner(), slug.name(), "check-runs"];
        self.within(slug, &Call::post(OPERATION, &segments, body)).await?.read(OPERATION)
    }

    async fn change_check(
        &self,
        slug: &GitHubName,
        id: &str,
        body: Value,
    ) -> Result<Made, GithubError> {
        const OPERATION: &str = "change a check run";
        let segments = ["repos", slug.owner(), slug.name(), "check-runs", id];
        self.within(slug, &Call::patch(OPERATION, &segments, body)).await?.read(OPERATION)
    }

    /// Adds the annotations that are not there yet, as far as GitHub counts them.
    async fn annotate(
        &self,
        slug: &GitHubName,
        check: &CheckRun,
        mut made: Made,
    ) -> Result<String, GithubError> {
        let id = made.id.to_string();
        for _ in 0..check.annotations.len().div_ceil(ANNOTATIONS) {
            let missing = check.annotations.get(made.output.annotations_count..);
            let Some(missing @ [_, ..]) = missing else { break };
            let next = missing.get(..ANNOTATIONS).unwrap_or(missing);
            made = self.change_check(slug, &id, json!({ "output": output(check, next) })).await?;
        }
        Ok(id)
    }
}

fn body(check: &CheckRun, annotations: &[Annotation]) -> Value {
    let mut body = json!({
        "name": check.name,
        "external_id": check.external_id,
        "output": output(check, annotations),
        // None takes away those of before.
        "actions": check.actions,
    });
    match check.progress {
        Progress::Queued => body["status"] = json!("queued"),
        Progress::InProgress => body["status"] = json!("in_progress"),
        Progress::Completed { conclusion, at } => {
            body["status"] = json!("completed");
            body["conclusion"] = json!(conclusion);
            body["completed_at"] = json!(at);
        }
    }
    if let Some(started) = check.started {
        body["started_at"] = json!(started);
    }
    if let Some(page) = &check.page {
        body["details_url"] = json!(page);
    }
    body
}

fn output(check: &CheckRun, annotations: &[Annotation]) -> Value {
    let mut output = json!({ "title": check.title, "summary": check.summary });
    if let Some(text) = &check.text {
        output["text"] = json!(text);
    }
    if !annotations.is_empty() {
        output["annotations"] = json!(annotations);
    }
    output
}
