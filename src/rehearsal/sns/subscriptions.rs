//! Subscriptions: by mail they wait for a person.

use super::{Subscription, confirm, find, invalid, topic};
use crate::{
    ids::Digest,
    rehearsal::{Call, ServiceError},
};
use serde_json::{Value, json};

/// ListSubscriptionsByTopic API.
const SUBSCRIPTIONS_A_PAGE: usize = 100;

pub(super) async fn subscribe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let protocol = call.text("Protocol").unwrap_or_default().to_owned();
    let endpoint = call.text("Endpoint").unwrap_or_default().to_owned();
    let confirmed = check_endpoint(&protocol, &endpoint)?;
    let (name, mut topic) = topic(call, "TopicArn").await?;
    let there = |one: &Subscription| one.protocol == protocol && one.endpoint == endpoint;
    let mut subscription = match topic.subscriptions.iter().find(|one| there(one)) {
        Some(known) => known.clone(),
        None => {
            let id = subscription_id(call, &name).await?;
            let (protocol, endpoint) = (protocol.clone(), endpoint.clone());
            Subscription { id, protocol, endpoint, confirmed, asked: None }
        }
    };
    if !subscription.confirmed {
        // Subscribing again sends the question again.
        confirm::ask(call, &name, &mut subscription).await?;
    }
    topic.subscriptions.retain(|one| !there(one));
    topic.subscriptions.push(subscription.clone());
    call.shelf.put(&call.place, &name, &topic).await?;
    let wants_arn = call.text("ReturnSubscriptionArn") == Some("true");
    let shown = if subscription.confirmed || wants_arn {
        arn(call, &name, &subscription)
    } else {
        "pending confirmation".to_owned()
    };
    Ok(json!({ "SubscriptionArn": shown }))
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let skip: usize = match call.text("NextToken") {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("invalid parameter: NextToken"))?,
    };
    let (name, topic) = topic(call, "TopicArn").await?;
    let members: Vec<Value> = topic
        .subscriptions
        .iter()
        .skip(skip)
        .take(SUBSCRIPTIONS_A_PAGE)
        .map(|one| {
            let shown = if one.confirmed {
                arn(call, &name, one)
            } else {
                "PendingConfirmation".to_owned()
            };
            json!({
                "TopicArn": call.place.arn("sns", &name),
                "Protocol": one.protocol,
                "SubscriptionArn": shown,
                "Owner": call.place.account,
                "Endpoint": one.endpoint,
            })
        })
        .collect();
    let next = skip + members.len();
    let token = (next < topic.subscriptions.len()).then(|| next.to_string());
    Ok(json!({ "Subscriptions": { "member": members }, "NextToken": token }))
}

pub(super) async fn unsubscribe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let given = call.text("SubscriptionArn").unwrap_or_default();
    let start = call.place.arn("sns", "");
    let parts = given.strip_prefix(&start).and_then(|rest| rest.rsplit_once(':'));
    let Some((name, id)) = parts.map(|(name, id)| (name.to_owned(), id.to_owned())) else {
        return Err(invalid(format!("invalid parameter: SubscriptionArn '{given}'")));
    };
    if let Some(mut topic) = find(call, &name).await? {
        if topic.subscriptions.iter().any(|one| one.id == id && !one.confirmed) {
            return Err(invalid(
                "invalid parameter: this subscription is not confirmed; it vanishes by itself",
            ));
        }
        topic.subscriptions.retain(|one| one.id != id);
        call.shelf.put(&call.place, &name, &topic).await?;
    }
    Ok(Value::Null)
}

/// Is the endpoint one for the protocol, and does it confirm by itself?
fn check_endpoint(protocol: &str, endpoint: &str) -> Result<bool, ServiceError> {
    let mail = || {
        endpoint.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
    };
    let (fits, confirmed) = match protocol {
        "email" | "email-json" => (mail(), false),
        "http" => (endpoint.starts_with("http://"), false),
        "https" => (endpoint.starts_with("https://"), false),
        "sqs" | "lambda" | "firehose" => (endpoint.starts_with("arn:"), true),
        "sms" | "application" => (!endpoint.is_empty(), true),
        _ => {
            return Err(invalid(format!(
                "invalid parameter: Does not support this protocol string: {protocol}"
            )));
        }
    };
    if fits {
        Ok(confirmed)
    } else {
        Err(invalid(format!("invalid parameter: '{endpoint}' is no {protocol} endpoint")))
    }
}

async fn subscription_id(call: &mut Call<'_>, topic: &str) -> Result<String, ServiceError> {
    let number = call.shelf.count_up("subscriptions").await?;
    let digest = Digest::of(format!("{topic} {number}"));
    let (id, _) = digest.as_str().split_at(32);
    Ok(uuid::Uuid::try_parse(id).unwrap_or_default().to_string())
}

fn arn(call: &Call<'_>, topic: &str, subscription: &Subscription) -> String {
    call.place.arn("sns", &format!("{topic}:{}", subscription.id))
}
