//! What the agent asks about branches and pull requests: facts that a payload may tell otherwise.

use super::{Class, Client, GithubError, call::Call};
use crate::ids::{GitHubName, Sha};
use serde::Deserialize;

/// Pull requests of one commit that are looked at.
const MOST_PULL_REQUESTS: &str = "30";

/// A branch's tip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// As it was when the tag was given.
    Unchanged,
    /// This commit; the tag is for asking again.
    At {
        /// The commit.
        commit: Sha,
        /// Names this answer.
        etag: Option<String>,
    },
    /// There is no such branch.
    Missing,
}

/// What is known of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its newest commit.
    pub head: Sha,
    /// Where it is to be merged.
    pub base: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a pull request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A branch of the same repository.
    Branch,
    /// Another repository, or one that is gone: people who may not write here.
    Fork,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "ref")]
    name: String,
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: Sha,
}

#[derive(Deserialize)]
struct Pull {
    number: u64,
    state: String,
    head: Side,
    base: Side,
}

#[derive(Deserialize)]
struct Side {
    #[serde(rename = "ref")]
    name: String,
    sha: Sha,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    id: u64,
}

impl Client {
    /// The tip of a branch. An answer that is the one of `etag` costs nothing of the rate limit.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub async fn head(
        &self,
        slug: &GitHubName,
        branch: &str,
        etag: Option<&str>,
    ) -> Result<Head, GithubError> {
        const OPERATION: &str = "look at a branch";
        let mut segments = vec!["repos", slug.owner(), slug.name(), "git", "ref", "heads"];
        segments.extend(branch.split('/'));
        let answer = self.within(slug, &Call::get(OPERATION, &segments).unless(etag)).await;
        let answer = match answer {
            Err(GithubError { class: Class::NotFound, .. }) => return self.missing(slug).await,
            other => other?,
        };
        if answer.unchanged {
            return Ok(Head::Unchanged);
        }
        let etag = answer.etag.clone();
        let found: Reference = answer.read(OPERATION)?;
        // Asked for what is gone, some versions answer with names that begin alike.
        if found.name != format!("refs/heads/{branch}") {
            return Ok(Head::Missing);
        }
        Ok(Head::At { commit: found.object.sha, etag })
    }

    /// A branch that is not found, unless it is the repository that is not.
    async fn missing(&self, slug: &GitHubName) -> Result<Head, GithubError> {
        let call = Call::get("look at a repository", &["repos", slug.owner(), slug.name()]);
        self.within(slug, &call).await.map(|_| Head::Missing)
    }

    /// The open pull requests whose newest commit this is, by their numbers.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub async fn pull_requests_of(
        &self,
        slug: &GitHubName,
        commit: &Sha,
    ) -> Result<Vec<PullRequest>, GithubError> {
        const OPERATION: &str = "look for pull requests of a commit";
        let segments = ["repos", slug.owner(), slug.name(), "commits", commit.as_str(), "pulls"];
        let call = Call::get(OPERATION, &segments).with(&[("per_page", MOST_PULL_REQUESTS)]);
        let found: Vec<Pull> = self.within(slug, &call).await?.read(OPERATION)?;
        let mut found: Vec<PullRequest> = found
            .into_iter()
            .filter(|pull| pull.state == "open" && pull.head.sha == *commit)
            .map(PullRequest::from)
            .collect();
        found.sort_by_key(|pull| pull.number);
        Ok(found)
    }
}

impl Client {
    /// A pull request, while it is open.
    ///
    /// # Errors
    /// If there is none of this number, or GitHub cannot be asked.
    pub async fn pull_request(
        &self,
        slug: &GitHubName,
        number: u64,
    ) -> Result<Option<PullRequest>, GithubError> {
        const OPERATION: &str = "look at a pull request";
        let number = number.to_string();
        let segments = ["repos", slug.owner(), slug.name(), "pulls", &number];
        let found: Pull =
            self.within(slug, &Call::get(OPERATION, &segments)).await?.read(OPERATION)?;
        Ok((found.state == "open").then(|| found.into()))
    }
}

impl From<Pull> for PullRequest {
    fn from(pull: Pull) -> Self {
        let id = |side: &Side| side.repo.as_ref().map(|repo| repo.id);
        let same = id(&pull.head).is_some() && id(&pull.head) == id(&pull.base);
        Self {
            number: pull.number,
            head: pull.head.sha,
            base: pull.base.name,
            origin: if same { Origin::Branch } else { Origin::Fork },
        }
    }
}
