//! Topics and their attributes.

use super::{Topic, invalid, topic};
use crate::rehearsal::{Call, Policy, ServiceError, check::Shape, landscape::SNS_MANAGED_KEY};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// CreateTopic API.
const NAME: Shape = Shape { length: 1..=256, more: "-_" };
/// ListTopics API.
const TOPICS_A_PAGE: u32 = 100;
/// TagResource API.
const MOST_TAGS: usize = 50;
/// SetTopicAttributes API: what callers may set and we keep.
const SETTABLE: &[&str] = &[
    "DeliveryPolicy",
    "DisplayName",
    "KmsMasterKeyId",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
];
/// What CreateTopic takes besides.
const AT_CREATION: &[&str] = &["FifoTopic"];

pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = call.text("Name").unwrap_or_default().to_owned();
    NAME.demand("InvalidParameter", "Name", &name)?;
    let mut attributes = BTreeMap::new();
    for (attribute, value) in
        call.body.get("Attributes").and_then(Value::as_object).into_iter().flatten()
    {
        let value = value.as_str().unwrap_or_default();
        if !AT_CREATION.contains(&attribute.as_str()) {
            check_attribute(call, attribute, value)?;
        } else if value == "true" {
            return Err(invalid("the rehearsal has no FIFO topics"));
        }
        attributes.insert(attribute.clone(), value.to_owned());
    }
    let tags = tags(call)?;
    let answer = json!({ "TopicArn": call.place.arn("sns", &name) });
    if let Some(old) = call.shelf.get::<Topic>(&call.place, &name).await? {
        if attributes.iter().any(|(attribute, value)| old.attributes.get(attribute) != Some(value))
        {
            return Err(invalid(
                "invalid parameter: Attributes Reason: topic already exists with different attributes",
            ));
        }
        if !tags.is_empty() && tags != old.tags {
            return Err(invalid(
                "invalid parameter: Tags Reason: topic already exists with different tags",
            ));
        }
        return Ok(answer);
    }
    let topic = Topic { attributes, tags, subscriptions: Vec::new() };
    call.shelf.put(&call.place, &name, &topic).await?;
    Ok(answer)
}

pub(super) async fn delete(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = call.text("TopicArn").unwrap_or_default();
    if let Some(name) = arn.strip_prefix(&call.place.arn("sns", "")).map(str::to_owned) {
        // Deleting what is not there is no error in AWS.
        call.shelf.delete::<Topic>(&call.place, &name).await?;
    }
    Ok(Value::Null)
}

pub(super) async fn get_attributes(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, topic) = topic(call, "TopicArn").await?;
    let pending = topic.subscriptions.iter().filter(|one| !one.confirmed).count();
    let confirmed = topic.subscriptions.len() - pending;
    let arn = call.place.arn("sns", &name);
    let mut shown = BTreeMap::from([
        ("TopicArn".to_owned(), arn.clone()),
        ("Owner".to_owned(), call.place.account.to_string()),
        ("DisplayName".to_owned(), String::new()),
        ("Policy".to_owned(), default_policy(call, &arn)),
        ("SubscriptionsPending".to_owned(), pending.to_string()),
        ("SubscriptionsConfirmed".to_owned(), confirmed.to_string()),
        ("SubscriptionsDeleted".to_owned(), "0".to_owned()),
    ]);
    shown.extend(topic.attributes);
    let entries: Vec<Value> =
        shown.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    Ok(json!({ "Attributes": { "entry": entries } }))
}

pub(super) async fn set_attributes(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let attribute = call.text("AttributeName").unwrap_or_default().to_owned();
    let value = call.text("AttributeValue").unwrap_or_default().to_owned();
    check_attribute(call, &attribute, &value)?;
    let (name, mut topic) = topic(call, "TopicArn").await?;
    if value.is_empty() {
        topic.attributes.remove(&attribute);
    } else {
        topic.attributes.insert(attribute, value);
    }
    call.shelf.put(&call.place, &name, &topic).await?;
    Ok(Value::Null)
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let after = call.text("NextToken").unwrap_or_default().to_owned();
    let mut topics = call.shelf.list::<Topic>(&call.place, "", &after, TOPICS_A_PAGE + 1).await?;
    let more = topics.len() > TOPICS_A_PAGE as usize;
    topics.truncate(TOPICS_A_PAGE as usize);
    let token = topics.last().filter(|_| more).map(|(name, _)| name.clone());
    let members: Vec<Value> =
        topics.iter().map(|(name, _)| json!({ "TopicArn": call.place.arn("sns", name) })).collect();
    Ok(json!({ "Topics": { "member": members }, "NextToken": token }))
}

pub(super) async fn tag(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let added = tags(call)?;
    let (name, mut topic) = topic(call, "ResourceArn").await?;
    topic.tags.extend(added);
    if topic.tags.len() > MOST_TAGS {
        return Err(ServiceError::refused("TagLimitExceeded", format!("at most {MOST_TAGS} tags")));
    }
    call.shelf.put(&call.place, &name, &topic).await?;
    Ok(json!({}))
}

pub(super) async fn list_tags(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (_, topic) = topic(call, "ResourceArn").await?;
    let members: Vec<Value> =
        topic.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": { "member": members } }))
}

fn check_attribute(call: &Call<'_>, attribute: &str, value: &str) -> Result<(), ServiceError> {
    let known =
        |key: &str| key == SNS_MANAGED_KEY || call.landscape.has_key(key, &call.place.account);
    match attribute {
        _ if !SETTABLE.contains(&attribute) => {
            Err(invalid(format!("invalid parameter: AttributeName '{attribute}'")))
        }
        "Policy" if !value.is_empty() && !names_resources(value) => {
            Err(invalid("invalid parameter: Policy Error: the policy failed to parse"))
        }
        "KmsMasterKeyId" if !value.is_empty() && !known(value) => {
            Err(ServiceError::refused("KMSNotFound", format!("key '{value}' does not exist")))
        }
        _ => Ok(()),
    }
}

fn names_resources(policy: &str) -> bool {
    Policy::parse(policy).is_ok()
}

fn tags(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let given = call.body.get("Tags").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.len() > MOST_TAGS {
        return Err(ServiceError::refused("TagLimitExceeded", format!("at most {MOST_TAGS} tags")));
    }
    let text = |tag: &Value, field: &str| tag[field].as_str().unwrap_or_default().to_owned();
    Ok(given.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect())
}

/// What a new topic has: its owner may do everything.
fn default_policy(call: &Call<'_>, arn: &str) -> String {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish"],
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": call.place.account } },
        }],
    })
    .to_string()
}
