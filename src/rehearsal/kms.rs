//! KMS: looking at the keys that the environment files name. Nothing is encrypted here; who uses a key only has to name
//! one that is there.

use super::{Call, ServiceError, time};
use crate::{
    foundation::{Item, Origin},
    ids::Arn,
};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[&str] =
    &["DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"];

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "DescribeKey" => describe(call),
        "GetKeyPolicy" => get_policy(call),
        "GetKeyRotationStatus" => rotation(call),
        "ListResourceTags" => tags(call),
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// The key the call is about. Whoever looks at one may name it by an alias, which policies do not know.
pub(super) fn resource(call: &Call<'_>) -> String {
    match call.text("KeyId") {
        Some(arn) if arn.starts_with("arn:") => {
            let looks = call.operation == "DescribeKey";
            let behind = call.landscape.behind(arn).filter(|_| looks);
            behind.map_or_else(|| arn.to_owned(), ToString::to_string)
        }
        Some(id) => call.place.arn("kms", &format!("key/{id}")),
        None => "*".to_owned(),
    }
}

/// The key, which must be one of this account and region.
fn key(call: &Call<'_>) -> Result<Arn, ServiceError> {
    let arn = resource(call);
    let found = arn.parse::<Arn>().ok().filter(|key| {
        key.account().as_ref() == Some(&call.place.account)
            && key.region() == call.place.region.as_str()
            && call.landscape.has_key(key.as_str(), &call.place.account)
    });
    found.ok_or_else(|| {
        ServiceError::refused("NotFoundException", format!("Key '{arn}' does not exist"))
    })
}

fn describe(call: &Call<'_>) -> Result<Value, ServiceError> {
    let key = key(call)?;
    Ok(json!({ "KeyMetadata": {
        "AWSAccountId": call.place.account,
        "KeyId": key.name(),
        "Arn": key,
        "CreationDate": time::epoch_seconds(Timestamp::UNIX_EPOCH),
        "Enabled": true,
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyManager": "CUSTOMER",
        "Origin": "AWS_KMS",
        "MultiRegion": false,
    }}))
}

/// The key as it was laid.
fn laid<'c>(call: &Call<'c>) -> Result<&'c Item, ServiceError> {
    let key = key(call)?;
    call.landscape.key(key.as_str()).ok_or_else(|| {
        ServiceError::refused("NotFoundException", format!("Key '{key}' does not exist"))
    })
}

/// The owner manages the key by its roles' policies; services come in their own name.
fn get_policy(call: &Call<'_>) -> Result<Value, ServiceError> {
    let policy = laid(call)?.wanted("policy").unwrap_or_default();
    Ok(json!({ "Policy": policy.to_string(), "PolicyName": "default" }))
}

fn rotation(call: &Call<'_>) -> Result<Value, ServiceError> {
    let rotates = laid(call)?.wanted("rotation").is_some();
    Ok(json!({ "KeyRotationEnabled": rotates }))
}

fn tags(call: &Call<'_>) -> Result<Value, ServiceError> {
    let tags = laid(call)?.tags(Origin::Made).into_iter();
    let tags: Vec<Value> =
        tags.map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
    Ok(json!({ "Tags": tags, "Truncated": false }))
}
