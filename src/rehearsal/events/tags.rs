//! Tags of rules.

use super::{INVALID, Rule, arn, rule};
use crate::rehearsal::{Call, ServiceError, check};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// TagResource API.
const MOST_TAGS: usize = 50;

/// The tags in the call.
pub(super) fn given(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let none = Vec::new();
    let given = call.body.get("Tags").and_then(Value::as_array).unwrap_or(&none);
    check::length(INVALID, "tags", given.len(), 0..=MOST_TAGS)?;
    let text = |tag: &Value, field: &str| tag[field].as_str().unwrap_or_default().to_owned();
    Ok(given.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect())
}

pub(super) async fn tag(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut rule) = tagged(call).await?;
    rule.tags.extend(given(call)?);
    check::length(INVALID, "tags", rule.tags.len(), 0..=MOST_TAGS)?;
    call.shelf.put(&call.place, &name, &rule).await?;
    Ok(Value::Null)
}

pub(super) async fn untag(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut rule) = tagged(call).await?;
    let keys = call.body.get("TagKeys").and_then(Value::as_array);
    for key in keys.into_iter().flatten().filter_map(Value::as_str) {
        rule.tags.remove(key);
    }
    call.shelf.put(&call.place, &name, &rule).await?;
    Ok(Value::Null)
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (_, rule) = tagged(call).await?;
    let tags: Vec<Value> =
        rule.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

async fn tagged(call: &mut Call<'_>) -> Result<(String, Rule), ServiceError> {
    let given = call.text("ResourceARN").unwrap_or_default();
    let name = given.strip_prefix(&arn(call, "")).map(str::to_owned).ok_or_else(|| {
        ServiceError::refused("ResourceNotFoundException", format!("no rule has the ARN '{given}'"))
    })?;
    let rule = rule(call, &name).await?;
    Ok((name, rule))
}
