//! The inbox: what was sent to whom, and what became of it.
//!
//! Here lies what SNS mails, what waits for a confirmation, and what EventBridge could not deliver and why: in AWS
//! that last part shows as no more than a number in a metric. The newest messages are kept.

mod reader;

pub use reader::Confirmed;

use super::{Item, Shelf, ShelfError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// Messages that are kept; older ones are forgotten.
const MOST_MESSAGES: i64 = 1_000;

/// Something that was sent, or should have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it was sent.
    pub time: Timestamp,
    /// ARN of what it was sent through or to: a topic, a dead-letter queue, a target.
    pub topic: String,
    /// Who should have it: an address.
    pub endpoint: Option<String>,
    /// What it is about, in a line.
    pub subject: String,
    /// What it says.
    pub body: String,
    /// What became of it.
    pub fate: Fate,
}

impl Item for Message {
    const KIND: &'static str = "message";
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Fate {
    /// The endpoint has it.
    Delivered,
    /// SNS took it, and nobody got it.
    NotDelivered {
        /// Why.
        because: Obstacle,
    },
    /// It asks the endpoint whether it wants the topic's messages.
    ConfirmationAsked {
        /// What ConfirmSubscription wants to see.
        token: String,
    },
    /// EventBridge could not hand it to its target, and dropped it.
    Undeliverable {
        /// What the target answered.
        reason: String,
    },
    /// EventBridge could not hand it to its target, and put it into the target's dead-letter queue.
    DeadLetter {
        /// The message attributes that EventBridge adds.
        attributes: BTreeMap<String, String>,
    },
}

/// Why SNS delivers nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// The endpoint has not confirmed its subscription.
    Unconfirmed,
    /// The topic has no subscriptions.
    NobodySubscribed,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("delivered"),
            Self::NotDelivered { because: Obstacle::Unconfirmed } => {
                f.write_str("not delivered: the address is not confirmed")
            }
            Self::NotDelivered { because: Obstacle::NobodySubscribed } => {
                f.write_str("not delivered: nobody is subscribed")
            }
            Self::ConfirmationAsked { .. } => f.write_str("asks for confirmation"),
            Self::Undeliverable { reason } => write!(f, "undeliverable: {reason}"),
            Self::DeadLetter { attributes } => {
                let text = |name| attributes.get(name).map_or("", String::as_str);
                write!(f, "dead letter: {}: {}", text("ERROR_CODE"), text("ERROR_MESSAGE"))
            }
        }
    }
}

/// A message before it is kept.
#[derive(Debug, Clone)]
pub(super) struct NewMessage<'m> {
    pub(super) topic: &'m str,
    pub(super) endpoint: Option<&'m str>,
    pub(super) subject: &'m str,
    pub(super) body: &'m str,
    pub(super) fate: Fate,
}

/// Keeps a message, and forgets one that is too many.
pub(super) async fn put(
    shelf: &mut Shelf<'_>,
    time: Timestamp,
    message: NewMessage<'_>,
) -> Result<(), ShelfError> {
    let NewMessage { topic, endpoint, subject, body, fate } = message;
    let message = Message {
        time,
        topic: topic.to_owned(),
        endpoint: endpoint.map(str::to_owned),
        subject: subject.to_owned(),
        body: body.to_owned(),
        fate,
    };
    let number = shelf.count_up("inbox").await?;
    shelf.put_global(&name(number), &message).await?;
    shelf.delete_global::<Message>(&name(number - MOST_MESSAGES)).await?;
    Ok(())
}

/// All that is kept, oldest first.
async fn all(shelf: &mut Shelf<'_>) -> Result<Vec<Message>, ShelfError> {
    let most = u32::try_from(MOST_MESSAGES).unwrap_or(u32::MAX);
    let messages = shelf.list_global::<Message>("".."~", most).await?;
    Ok(messages.into_iter().map(|(_, message)| message).collect())
}

/// Names sort as their numbers do.
fn name(number: i64) -> String {
    format!("{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_say_why_in_words_and_for_programs() {
        let unconfirmed = Fate::NotDelivered { because: Obstacle::Unconfirmed };
        assert_eq!(unconfirmed.to_string(), "not delivered: the address is not confirmed");
        let json = serde_json::to_value(&unconfirmed).unwrap();
        assert_eq!(json, serde_json::json!({"kind": "not-delivered", "because": "unconfirmed"}));
        let attributes = [("ERROR_CODE", "NO_RESOURCE"), ("ERROR_MESSAGE", "gone")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let dead = Fate::DeadLetter { attributes: attributes.into() };
        assert_eq!(dead.to_string(), "dead letter: NO_RESOURCE: gone");
    }
}
