//! Publish: checked like the real one, then one message in the inbox for each subscription.

use super::{Topic, invalid, key, policy, topic};
use crate::{
    ids::Digest,
    rehearsal::{
        Call, Fate, Obstacle, Principal, ServiceError,
        inbox::{self, NewMessage},
    },
};
use serde_json::{Value, json};

/// Publish API: bytes of a message, characters of a subject.
const LARGEST_MESSAGE: usize = 256 * 1024;
const LONGEST_SUBJECT: usize = 100;

/// What a mail without a subject has as one.
const NO_SUBJECT: &str = "AWS Notification Message";

pub(super) async fn publish(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    check(call)?;
    let field = if call.text("TopicArn").is_some() { "TopicArn" } else { "TargetArn" };
    let (name, topic) = topic(call, field).await?;
    if let Principal::Service(..) = call.principal {
        admit(call, &name, &topic)?;
    }
    send(call, &name, &topic).await?;
    let number = call.shelf.count_up("messages").await?;
    let digest = Digest::of(format!("message {number}"));
    let (id, _) = digest.as_str().split_at(32);
    Ok(json!({ "MessageId": uuid::Uuid::try_parse(id).unwrap_or_default() }))
}

fn check(call: &Call<'_>) -> Result<(), ServiceError> {
    let message = call.text("Message").unwrap_or_default();
    if message.is_empty() {
        return Err(invalid("invalid parameter: Empty message"));
    }
    if message.len() > LARGEST_MESSAGE {
        return Err(invalid("invalid parameter: Message too long"));
    }
    let legal = |subject: &str| {
        !subject.is_empty()
            && subject.len() < LONGEST_SUBJECT
            && subject.chars().all(|c| c.is_ascii() && !c.is_ascii_control())
    };
    if call.text("Subject").is_some_and(|subject| !legal(subject)) {
        return Err(invalid("invalid parameter: Subject"));
    }
    Ok(())
}

/// A service has no policies of its own: the topic must let it in, and so must its key.
fn admit(call: &Call<'_>, name: &str, topic: &Topic) -> Result<(), ServiceError> {
    let arn = call.place.arn("sns", name);
    // Without a policy of its own a topic has the default one, which asks for the owner's account.
    let policy = topic.attributes.get("Policy").and_then(|text| serde_json::from_str(text).ok());
    let service = call.principal.arn();
    if !policy.is_some_and(|policy| policy::admits(&policy, &service, &arn)) {
        return Err(ServiceError::refused(
            "AuthorizationError",
            format!(
                "the policy of the topic {arn} does not let {service} do {} without a condition",
                policy::PUBLISH
            ),
        ));
    }
    key::admit(call, topic)
}

/// Puts the message into the inbox for each subscription.
async fn send(call: &mut Call<'_>, name: &str, topic: &Topic) -> Result<(), ServiceError> {
    let arn = call.place.arn("sns", name);
    let subject = call.text("Subject").unwrap_or(NO_SUBJECT).to_owned();
    let body = call.text("Message").unwrap_or_default().to_owned();
    let (subject, body) = (subject.as_str(), body.as_str());
    let message = |endpoint, fate| NewMessage { topic: &arn, endpoint, subject, body, fate };
    if topic.subscriptions.is_empty() {
        let fate = Fate::NotDelivered { because: Obstacle::NobodySubscribed };
        inbox::put(&mut call.shelf, call.now, message(None, fate)).await?;
    }
    for subscription in &topic.subscriptions {
        let fate = if subscription.confirmed {
            Fate::Delivered
        } else {
            Fate::NotDelivered { because: Obstacle::Unconfirmed }
        };
        let message = message(Some(&subscription.endpoint), fate);
        inbox::put(&mut call.shelf, call.now, message).await?;
    }
    Ok(())
}
