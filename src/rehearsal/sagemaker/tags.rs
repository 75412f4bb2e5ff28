//! Tags of pipelines and of what the registry holds.

use super::{
    super::{Call, Item, ServiceError},
    check::{constraint, required, validation},
    groups,
    page::{Entry, Order, page},
    pipelines,
};
use crate::foundation::Origin;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most tags of one resource (AddTags API).
const MAX_TAGS: usize = 50;
/// Longest key and longest value of a tag, in characters.
const LONGEST: (usize, usize) = (128, 256);

/// The tags of one resource, kept under its ARN.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Tags(BTreeMap<String, String>);

impl Item for Tags {
    const KIND: &'static str = "sagemaker tags";
}

/// AddTags.
pub(super) async fn add(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "ResourceArn")?.to_owned();
    if arn.contains(":pipeline/") {
        pipelines::find(call, &arn).await?;
    } else if arn.contains(":model-package-group/") {
        groups::find(call, &arn).await?;
    }
    let tags = put(call, &arn).await?;
    Ok(json!({ "Tags": tags }))
}

/// ListTags.
pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let arn = required(call, "ResourceArn")?.to_owned();
    let mut tags: Tags = call.shelf.get(&call.place, &arn).await?.unwrap_or_default();
    let laid = call.landscape.laid_group(&arn).filter(|laid| laid.account == call.place.account);
    tags.0.extend(laid.iter().flat_map(|laid| laid.tags(Origin::Made)));
    let entries = tags
        .0
        .into_iter()
        .map(|(key, value)| Entry { summary: json!({ "Key": key, "Value": value }), key });
    page(call, "Tags", entries.collect(), Order::Ascending)
}

/// Drops the tags of what is deleted.
pub(super) async fn forget(call: &mut Call<'_>, arn: &str) -> Result<(), ServiceError> {
    call.shelf.delete::<Tags>(&call.place, arn).await?;
    Ok(())
}

/// Adds the request's tags to those of `arn` and gives the latter all.
pub(super) async fn put(call: &mut Call<'_>, arn: &str) -> Result<Vec<Value>, ServiceError> {
    let mut tags: Tags = call.shelf.get(&call.place, arn).await?.unwrap_or_default();
    for tag in call.body.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let text = |field| tag.get(field).and_then(Value::as_str).unwrap_or_default();
        let (key, value) = (text("Key"), text("Value"));
        if key.is_empty() || key.starts_with("aws:") || key.chars().count() > LONGEST.0 {
            return Err(constraint("Tags", key, "a tag key has 1 to 128 characters, not aws:…"));
        }
        if value.chars().count() > LONGEST.1 {
            return Err(constraint("Tags", value, "a tag value has up to 256 characters"));
        }
        tags.0.insert(key.to_owned(), value.to_owned());
    }
    if tags.0.len() > MAX_TAGS {
        return Err(validation(format!("A resource can have at most {MAX_TAGS} tags.")));
    }
    call.shelf.put(&call.place, arn, &tags).await?;
    Ok(tags.0.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect())
}
