//! A repository that the agent hears of.

use crate::ids::{GitHubName, RepositoryName};
use std::time::Duration;

/// Time between two looks at a repository if nothing is said: what Jenkins and Concourse poll with too.
const DEFAULT_POLL: Duration = Duration::from_mins(1);

/// A repository that is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// What the settings call it.
    pub name: RepositoryName,
    /// Where it is: an https or ssh address, or a folder.
    pub source: String,
    /// What GitHub calls it, if webhooks are taken for it.
    pub github: Option<GitHubName>,
    /// Time between two looks at it, while no webhook tells of it.
    pub poll: Duration,
}

impl Repository {
    /// A repository that is only looked at.
    #[must_use]
    pub fn polled(name: RepositoryName, source: String) -> Self {
        Self { name, source, github: None, poll: DEFAULT_POLL }
    }
}
