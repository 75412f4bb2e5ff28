//! Confirming a subscription: the question goes to the inbox with a token, the answer brings the token back.

use super::{PENDING_FOR, Subscription, find, invalid, not_found};
use crate::{
    ids::Digest,
    rehearsal::{
        Call, Confirmed, Fate, Item, Place, Principal, ServiceError, Shelf,
        call::Ground,
        inbox::{self, NewMessage},
    },
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most open questions that are looked through.
const MOST_QUESTIONS: u32 = 10_000;

/// A question that stands in an inbox; kept under its token, in no account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Confirmation {
    place: Place,
    /// The topic's name.
    topic: String,
    /// The subscription's id.
    subscription: String,
    endpoint: String,
    /// From then on the token is refused.
    expires: Timestamp,
}

impl Item for Confirmation {
    const KIND: &'static str = "confirmation";
}

/// Was the question open until now?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    New,
    Again,
}

/// Asks the endpoint of a subscription whether it wants it.
pub(super) async fn ask(
    call: &mut Call<'_>,
    topic: &str,
    subscription: &mut Subscription,
) -> Result<(), ServiceError> {
    subscription.asked = Some(call.now);
    let number = call.shelf.count_up("confirmations").await?;
    let token = Digest::of(format!("{} {number}", subscription.id)).to_string();
    let expires = call.now.checked_add(PENDING_FOR).map_err(ServiceError::internal)?;
    let endpoint = subscription.endpoint.clone();
    let confirmation = Confirmation {
        place: call.place.clone(),
        topic: topic.to_owned(),
        subscription: subscription.id.clone(),
        endpoint: endpoint.clone(),
        expires,
    };
    call.shelf.forget_expired::<Confirmation>(call.now).await?;
    call.shelf.put_global(&token, &confirmation).await?;
    let topic = call.place.arn("sns", topic);
    let body = format!(
        "You have chosen to subscribe to the topic:\n{topic}\n\nTo confirm this subscription, confirm the token:\n{token}\n"
    );
    let message = NewMessage {
        topic: &topic,
        endpoint: Some(&endpoint),
        subject: "AWS Notification - Subscription Confirmation",
        body: &body,
        fate: Fate::ConfirmationAsked { token },
    };
    Ok(inbox::put(&mut call.shelf, call.now, message).await?)
}

/// ConfirmSubscription. The same token again is the same answer, until it expires.
pub(super) async fn confirm(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let token = call.text("Token").unwrap_or_default().to_owned();
    let topic = call.text("TopicArn").unwrap_or_default().to_owned();
    let asked = call.shelf.get_global::<Confirmation>(&token).await?;
    let asked = asked
        .filter(|asked| asked.expires > call.now && asked.place == call.place)
        .filter(|asked| call.place.arn("sns", &asked.topic) == topic)
        .ok_or_else(|| invalid("invalid parameter: Token"))?;
    accept(call, &asked).await?.ok_or_else(|| not_found("subscription"))?;
    let arn = format!("{topic}:{}", asked.subscription);
    Ok(json!({ "SubscriptionArn": arn }))
}

/// Answers the questions that wait in the inbox of `endpoint`, or in all. Gives what was confirmed by it.
pub(in crate::rehearsal) async fn click(
    ground: Ground<'_>,
    shelf: &mut Shelf<'_>,
    endpoint: Option<&str>,
) -> Result<Vec<Confirmed>, ServiceError> {
    let asked = shelf.list_global::<Confirmation>("".."~", MOST_QUESTIONS).await?;
    let meant = asked.into_iter().map(|(_, asked)| asked).filter(|asked| {
        asked.expires > ground.now && endpoint.is_none_or(|one| one == asked.endpoint)
    });
    let mut confirmed = Vec::new();
    for asked in meant {
        let reader = Principal::Administrator(asked.place.account.clone());
        let mut call = Call::of(reader, asked.place.clone(), ground, shelf.lend());
        if accept(&mut call, &asked).await? == Some(Answer::New) {
            let topic = asked.place.arn("sns", &asked.topic);
            confirmed.push(Confirmed { endpoint: asked.endpoint, topic });
        }
    }
    Ok(confirmed)
}

/// Confirms what was asked; nothing if the topic or the subscription is no longer there.
async fn accept(call: &mut Call<'_>, asked: &Confirmation) -> Result<Option<Answer>, ServiceError> {
    let Some(mut topic) = find(call, &asked.topic).await? else { return Ok(None) };
    let mut subscriptions = topic.subscriptions.iter_mut();
    let Some(subscription) = subscriptions.find(|one| one.id == asked.subscription) else {
        return Ok(None);
    };
    if subscription.confirmed {
        return Ok(Some(Answer::Again));
    }
    subscription.confirmed = true;
    call.shelf.put(&call.place, &asked.topic, &topic).await?;
    Ok(Some(Answer::New))
}
