//! GitHub's own list of what it tried to deliver: where webhooks that failed are found again.

use super::{Class, Client, GithubError, call::Call};
use crate::ids::{DeliveryId, GitHubName};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Pages of deliveries that are read at a time; GitHub keeps deliveries for three days.
const MOST_PAGES: usize = 20;
/// Deliveries a page.
const PER_PAGE: &str = "100";

/// Whose deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hook {
    /// The App's.
    App,
    /// A repository's own webhook.
    Repository {
        /// Of which.
        slug: GitHubName,
        /// Its number in the repository's settings.
        id: u64,
    },
}

/// A delivery that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedDelivery {
    /// The number of the attempt.
    pub attempt: u64,
    /// What GitHub calls the delivery, in each attempt.
    pub id: DeliveryId,
    /// When it was attempted.
    pub at: Timestamp,
    /// The event.
    pub event: String,
}

/// What was to be delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Redelivered {
    /// The event.
    pub event: String,
    /// The payload.
    pub payload: Value,
}

#[derive(Deserialize)]
struct Listed {
    id: u64,
    guid: DeliveryId,
    delivered_at: Timestamp,
    status_code: u16,
    event: String,
}

#[derive(Deserialize)]
struct Detail {
    event: String,
    request: Sent,
}

#[derive(Deserialize)]
struct Sent {
    payload: Option<Value>,
}

impl Hook {
    fn segments<'a>(&'a self, id: &'a str, attempt: Option<&'a str>) -> Vec<&'a str> {
        let mut segments = match self {
            Self::App => vec!["app", "hook", "deliveries"],
            Self::Repository { slug, .. } => {
                vec!["repos", slug.owner(), slug.name(), "hooks", id, "deliveries"]
            }
        };
        segments.extend(attempt);
        segments
    }

    fn id(&self) -> String {
        match self {
            Self::App => String::new(),
            Self::Repository { id, .. } => id.to_string(),
        }
    }
}

impl Client {
    /// The deliveries since `since` none of whose attempts arrived, oldest first.
    ///
    /// # Errors
    /// If GitHub cannot be asked.
    pub async fn failed_deliveries(
        &self,
        hook: &Hook,
        since: Timestamp,
    ) -> Result<Vec<FailedDelivery>, GithubError> {
        const OPERATION: &str = "list deliveries";
        let (id, mut cursor) = (hook.id(), None::<String>);
        let (mut failed, mut arrived) = (Vec::new(), std::collections::BTreeSet::new());
        for _ in 0..MOST_PAGES {
            let mut query = vec![("per_page", PER_PAGE)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let call = Call::get(OPERATION, &hook.segments(&id, None)).with(&query);
            let answer = self.of_hook(hook, &call).await?;
            cursor.clone_from(&answer.next);
            let page: Vec<Listed> = answer.read(OPERATION)?;
            let is_past = page.last().is_none_or(|last| last.delivered_at < since);
            for listed in page.into_iter().filter(|listed| listed.delivered_at >= since) {
                if (200..300).contains(&listed.status_code) {
                    arrived.insert(listed.guid);
                } else {
                    failed.push(listed);
                }
            }
            if is_past || cursor.is_none() {
                break;
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        failed.retain(|listed| !arrived.contains(&listed.guid) && seen.insert(listed.guid.clone()));
        failed.reverse();
        let plain = |listed: Listed| FailedDelivery {
            attempt: listed.id,
            id: listed.guid,
            at: listed.delivered_at,
            event: listed.event,
        };
        Ok(failed.into_iter().map(plain).collect())
    }

    /// What an attempt was to deliver.
    ///
    /// # Errors
    /// If GitHub cannot be asked, or keeps the payload no more.
    pub async fn payload(&self, hook: &Hook, attempt: u64) -> Result<Redelivered, GithubError> {
        const OPERATION: &str = "read a delivery";
        let (id, attempt) = (hook.id(), attempt.to_string());
        let call = Call::get(OPERATION, &hook.segments(&id, Some(&attempt)));
        let detail: Detail = self.of_hook(hook, &call).await?.read(OPERATION)?;
        let gone = || GithubError::new(Class::Gone, OPERATION, "its payload is not kept");
        Ok(Redelivered {
            event: detail.event,
            payload: detail.request.payload.filter(Value::is_object).ok_or_else(gone)?,
        })
    }

    /// The webhook of a repository that delivers to `address`.
    ///
    /// # Errors
    /// If GitHub cannot be asked; listing webhooks takes a token of somebody who may administer the repository.
    pub async fn hook(
        &self,
        slug: &GitHubName,
        address: &str,
    ) -> Result<Option<Hook>, GithubError> {
        const OPERATION: &str = "list webhooks";
        #[derive(Deserialize)]
        struct Found {
            id: u64,
            config: Config,
        }
        #[derive(Deserialize)]
        struct Config {
            url: Option<String>,
        }
        let segments = ["repos", slug.owner(), slug.name(), "hooks"];
        let call = Call::get(OPERATION, &segments).with(&[("per_page", PER_PAGE)]);
        let found: Vec<Found> = self.within(slug, &call).await?.read(OPERATION)?;
        let found = found.into_iter().find(|hook| hook.config.url.as_deref() == Some(address));
        Ok(found.map(|found| Hook::Repository { slug: slug.clone(), id: found.id }))
    }

    async fn of_hook(&self, hook: &Hook, call: &Call) -> Result<super::call::Answer, GithubError> {
        match hook {
            Hook::App => self.ask(&self.as_itself(), call).await,
            Hook::Repository { slug, .. } => self.within(slug, call).await,
        }
    }
}
