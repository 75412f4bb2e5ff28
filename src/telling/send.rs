//! Saying one thing to whom it is meant for.

use super::{Refusal, Teller};
use crate::{
    github::{Before, Class, Client, GithubError},
    ids::GitHubName,
    logs::Masker,
    report::{Alarm, Alert, Content, Manner},
    store::{Due, RunRecord},
};
use futures_util::future::BoxFuture;
use serde_json::Value;

/// Whom to tell about the runs of a repository.
#[derive(Debug, Clone)]
pub struct Addressee {
    /// What GitHub calls the repository, if it is there.
    pub github: Option<GitHubName>,
    /// How to tell.
    pub manner: Manner,
}

/// The topics of environments: each belongs to an account of its own.
pub trait Topics: Send + Sync {
    /// Publishes an alert to the topic of the run's environment.
    fn publish<'a>(
        &'a self,
        run: &'a RunRecord,
        alert: &'a Alert,
    ) -> BoxFuture<'a, Result<(), Unheard>>;
}

/// Something that was not heard, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// What follows from it.
    pub refusal: Refusal,
    /// Why.
    pub problem: String,
}

impl Unheard {
    fn never(problem: &str) -> Self {
        Self { refusal: Refusal::Never, problem: problem.to_owned() }
    }
}

impl From<GithubError> for Unheard {
    fn from(error: GithubError) -> Self {
        let refusal = match error.class {
            Class::RateLimited { until } => Refusal::Wait(until),
            Class::Unreachable | Class::Broken => Refusal::Unanswered,
            // A token that has ended is replaced some time, and read again.
            Class::Unauthorized => Refusal::Unready,
            Class::NotFound | Class::Moved | Class::Forbidden | Class::Conflict => Refusal::Refused,
            Class::Invalid | Class::Gone => Refusal::Objected,
        };
        Self { refusal, problem: error.to_string() }
    }
}

impl Teller {
    /// Says one thing. Answers what it is called there.
    pub(super) async fn send(
        &self,
        run: &RunRecord,
        due: &Due,
        content: &Content,
    ) -> Result<String, Unheard> {
        // Taken by this agent only after it was left to others for long.
        let Some(addressee) = self.addressees.get(&run.repository) else {
            return Err(Unheard::never("no agent came that knows the repository"));
        };
        if let Content::Alert(alert) = content {
            return self.alert(run, alert).await.map(|()| String::new());
        }
        match (&self.github, &addressee.github) {
            (Some(github), Some(name)) => Ok(say(github, name, due, content).await?),
            (None, _) | (_, None) => {
                Err(Unheard::never("the settings no longer say that the repository is at GitHub"))
            }
        }
    }

    async fn alert(&self, run: &RunRecord, alert: &Alert) -> Result<(), Unheard> {
        match (alert.alarm, &self.topics, &self.webhook) {
            (Alarm::Topic, Some(topics), _) => topics.publish(run, alert).await,
            (Alarm::Webhook, _, Some(webhook)) => webhook.post(alert, &*self.clock).await,
            (Alarm::Topic, None, _) | (Alarm::Webhook, _, None) => {
                Err(Unheard::never("the settings no longer name this alarm"))
            }
        }
    }
}

async fn say(
    github: &Client,
    name: &GitHubName,
    due: &Due,
    content: &Content,
) -> Result<String, GithubError> {
    let before = match (&due.remote, due.doubt) {
        (Some(id), _) => Before::Made(id),
        (None, true) => Before::Perhaps,
        (None, false) => Before::Nothing,
    };
    match content {
        // Each status is a new one, so what counts is whether this very one was heard.
        Content::Status(status) if due.doubt => {
            github.say_status(name, status, Before::Perhaps).await
        }
        Content::Status(status) => github.say_status(name, status, Before::Nothing).await,
        Content::Check(check) => github.say_check(name, check, before).await,
        Content::Deployment(deployment) => github.say_deployment(name, deployment, before).await,
        Content::Comment(comment) => github.say_comment(name, comment, before).await,
        Content::Alert(alert) => Ok(alert.run.to_string()),
    }
}

/// Masks every text of a value, and no name of a field.
pub(super) fn mask(value: &mut Value, masker: &Masker) {
    match value {
        Value::String(text) => *text = masker.mask(text).into_owned(),
        Value::Array(values) => values.iter_mut().for_each(|value| mask(value, masker)),
        Value::Object(fields) => fields.values_mut().for_each(|value| mask(value, masker)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
