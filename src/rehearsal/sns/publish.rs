//! Publish: checked like the real one. No subscription that the rehearsal confirms has a reader, so
//! nothing is delivered.

use super::{invalid, topic};
use crate::{
    ids::Digest,
    rehearsal::{Call, ServiceError},
};
use serde_json::{Value, json};

/// Publish API: bytes of a message, characters of a subject.
const LARGEST_MESSAGE: usize = 256 * 1024;
const LONGEST_SUBJECT: usize = 100;

pub(super) async fn publish(call: &mut Call<'_>) -> Result<Value, ServiceError> {
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
    let field = if call.text("TopicArn").is_some() { "TopicArn" } else { "TargetArn" };
    topic(call, field).await?;
    let number = call.shelf.count_up("messages").await?;
    let digest = Digest::of(format!("message {number}"));
    let (id, _) = digest.as_str().split_at(32);
    Ok(json!({ "MessageId": uuid::Uuid::try_parse(id).unwrap_or_default() }))
}
