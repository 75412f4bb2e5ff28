//! SNS: topics, their attributes and subscriptions.
//!
//! CreateTopic is idempotent by name, but other attributes or tags than the topic has are an error. A
//! subscription by mail stays pending, as nobody here reads the mail.

mod publish;
mod subscriptions;
mod topics;

use super::{Call, Item, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[&str] = &[
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
    let topic = call.shelf.get(&call.place, &name).await?;
    Ok((name, topic.ok_or_else(|| not_found("topic"))?))
}
