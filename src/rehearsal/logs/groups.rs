//! Log groups: names, retention, keys, tags.

use super::{
    Group, INVALID, already_exists, group, group_name, invalid, name_in_arn, not_found, page,
};
use crate::rehearsal::{Call, ServiceError, check, check::Shape};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// CreateLogGroup API.
const NAME: Shape = Shape { length: 1..=512, more: ".-_/#" };
const CLASSES: &[&str] = &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];
/// TagResource API.
const MOST_TAGS: usize = 50;
/// DescribeLogGroups API.
const MOST_GROUPS_A_PAGE: u32 = 50;
/// PutRetentionPolicy API, in days.
const RETENTIONS: &[i64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = call.text("logGroupName").unwrap_or_default().to_owned();
    NAME.demand(INVALID, "logGroupName", &name)?;
    if name.starts_with("aws/") {
        return Err(invalid("log groups starting with aws/ are reserved"));
    }
    let class = call.text("logGroupClass").unwrap_or("STANDARD").to_owned();
    if !CLASSES.contains(&class.as_str()) {
        return Err(invalid(format!("'{class}' is no log group class")));
    }
    let kms_key = call.text("kmsKeyId").map(str::to_owned);
    check_key(call, kms_key.as_deref())?;
    let tags = tags(call.body.get("tags"))?;
    if call.shelf.get::<Group>(&call.place, &name).await?.is_some() {
        return Err(already_exists("log group"));
    }
    let group = Group { created: call.now, class, retention_days: None, kms_key, tags };
    call.shelf.put(&call.place, &name, &group).await?;
    Ok(Value::Null)
}

pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (limit, after) = page(call, MOST_GROUPS_A_PAGE)?;
    let prefix = call.text("logGroupNamePrefix").unwrap_or_default().to_owned();
    let mut groups = call.shelf.list::<Group>(&call.place, &prefix, &after, limit + 1).await?;
    let more = groups.len() > limit as usize;
    groups.truncate(limit as usize);
    let token = groups.last().filter(|_| more).map(|(name, _)| name.clone());
    let shown: Vec<Value> = groups.iter().map(|(name, group)| show(call, name, group)).collect();
    Ok(json!({ "logGroups": shown, "nextToken": token }))
}

pub(super) async fn put_retention(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let days = call.body.get("retentionInDays").and_then(Value::as_i64);
    let days = days
        .filter(|days| RETENTIONS.contains(days))
        .ok_or_else(|| invalid(format!("retentionInDays must be one of {RETENTIONS:?}")))?;
    let (name, mut group) = group(call).await?;
    group.retention_days = Some(days);
    call.shelf.put(&call.place, &name, &group).await?;
    Ok(Value::Null)
}

pub(super) async fn delete_retention(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut group) = group(call).await?;
    group.retention_days = None;
    call.shelf.put(&call.place, &name, &group).await?;
    Ok(Value::Null)
}

pub(super) async fn associate_kms_key(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let key = call.text("kmsKeyId").ok_or_else(|| invalid("kmsKeyId is missing"))?.to_owned();
    check_key(call, Some(&key))?;
    if group_name(call).is_none() {
        let named = call.text("resourceIdentifier").map(|arn| name_in_arn(arn).to_owned());
        call.body["logGroupName"] = json!(named);
    }
    let (name, mut group) = group(call).await?;
    group.kms_key = Some(key);
    call.shelf.put(&call.place, &name, &group).await?;
    Ok(Value::Null)
}

pub(super) async fn tag(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut group) = tagged(call).await?;
    group.tags.extend(tags(call.body.get("tags"))?);
    check::length(INVALID, "tags", group.tags.len(), 0..=MOST_TAGS)?;
    call.shelf.put(&call.place, &name, &group).await?;
    Ok(Value::Null)
}

pub(super) async fn list_tags(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (_, group) = tagged(call).await?;
    Ok(json!({ "tags": group.tags }))
}

async fn tagged(call: &mut Call<'_>) -> Result<(String, Group), ServiceError> {
    let arn = call.text("resourceArn").unwrap_or_default();
    let start = call.place.arn("logs", "log-group:");
    let name = arn.strip_prefix(&start).ok_or_else(|| not_found("resource"))?.to_owned();
    let group = call.shelf.get(&call.place, &name).await?;
    Ok((name, group.ok_or_else(|| not_found("resource"))?))
}

fn check_key(call: &Call<'_>, key: Option<&str>) -> Result<(), ServiceError> {
    match key {
        Some(key) if !call.landscape.has_key(key, &call.place.account) => {
            Err(invalid(format!("the specified KMS key '{key}' does not exist or cannot be used")))
        }
        _ => Ok(()),
    }
}

fn tags(given: Option<&Value>) -> Result<BTreeMap<String, String>, ServiceError> {
    let none = Map::new();
    let given = given.and_then(Value::as_object).unwrap_or(&none);
    check::length(INVALID, "tags", given.len(), 0..=MOST_TAGS)?;
    Ok(given
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect())
}

fn show(call: &Call<'_>, name: &str, group: &Group) -> Value {
    let arn = call.place.arn("logs", &format!("log-group:{name}"));
    let mut shown = json!({
        "logGroupName": name,
        "creationTime": group.created.as_millisecond(),
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": group.class,
    });
    if let Some(days) = group.retention_days {
        shown["retentionInDays"] = json!(days);
    }
    if let Some(key) = &group.kms_key {
        shown["kmsKeyId"] = json!(key);
    }
    shown
}
