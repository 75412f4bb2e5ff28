//! SNS: topics, their attributes and subscriptions.
//!
//! CreateTopic is idempotent by name, but other attributes or tags than the topic has are an error. A
//! subscription by mail is pending until someone confirms it with the token in the inbox, and gone after two days.
//! What is published lies in the inbox. EventBridge publishes as itself: the topic's policy and key must let it in.

mod confirm;
mod key;
mod policy;
mod publish;
mod subscriptions;
mod topics;

pub(super) use confirm::click;

use super::{Call, Item, ServiceError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[&str] = &[
    "ConfirmSubscription",
    "CreateTopic",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "ListTagsForResource",
    "ListTopics",
    "Publish",
    "SetTopicAttributes",
    "Subscribe",
    "TagResource",
    "Unsubscribe",
];

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "ConfirmSubscription" => confirm::confirm(call).await,
        "CreateTopic" => topics::create(call).await,
        "DeleteTopic" => topics::delete(call).await,
        "GetTopicAttributes" => topics::get_attributes(call).await,
        "ListSubscriptionsByTopic" => subscriptions::list(call).await,
        "ListTagsForResource" => topics::list_tags(call).await,
        "ListTopics" => topics::list(call).await,
        "Publish" => publish::publish(call).await,
        "SetTopicAttributes" => topics::set_attributes(call).await,
        "Subscribe" => subscriptions::subscribe(call).await,
        "TagResource" => topics::tag(call).await,
        "Unsubscribe" => subscriptions::unsubscribe(call).await,
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// The topic the call is about.
pub(super) fn resource(call: &Call<'_>) -> String {
    match call.text("Name") {
        Some(name) => call.place.arn("sns", name),
        None => ["TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn"]
            .iter()
            .find_map(|field| call.text(field))
            .unwrap_or("*")
            .to_owned(),
    }
}

/// A topic, kept under its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Topic {
    attributes: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    subscriptions: Vec<Subscription>,
}

impl Item for Topic {
    const KIND: &'static str = "topic";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subscription {
    id: String,
    protocol: String,
    endpoint: String,
    confirmed: bool,
    /// When it was last asked to be confirmed.
    #[serde(default)]
    asked: Option<Timestamp>,
}

/// How long a subscription waits for its confirmation (SNS developer guide: "two days").
const PENDING_FOR: SignedDuration = SignedDuration::from_hours(48);

impl Subscription {
    /// Nobody confirmed it in time.
    fn is_gone(&self, now: Timestamp) -> bool {
        !self.confirmed && self.asked.is_some_and(|asked| now.duration_since(asked) >= PENDING_FOR)
    }
}

/// The topic of this name in the call's account and region, without the subscriptions that are gone.
async fn find(call: &mut Call<'_>, name: &str) -> Result<Option<Topic>, ServiceError> {
    let mut topic = call.shelf.get::<Topic>(&call.place, name).await?;
    if let Some(topic) = &mut topic {
        topic.subscriptions.retain(|one| !one.is_gone(call.now));
    }
    Ok(topic)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::refused("InvalidParameter", message)
}

fn not_found(what: &str) -> ServiceError {
    ServiceError::with_status(
        http::StatusCode::NOT_FOUND,
        "NotFound",
        format!("{what} does not exist"),
    )
}

/// The topic with the ARN in `field`, which must exist here.
async fn topic(call: &mut Call<'_>, field: &str) -> Result<(String, Topic), ServiceError> {
    let arn = call.text(field).unwrap_or_default();
    let name = arn.strip_prefix(&call.place.arn("sns", "")).ok_or_else(|| {
        invalid(format!(
            "invalid parameter: {field} '{arn}' is no topic of this account and region"
        ))
    })?;
    let name = name.to_owned();
    let topic = find(call, &name).await?;
    Ok((name, topic.ok_or_else(|| not_found("topic"))?))
}
