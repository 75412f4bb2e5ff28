//! CopyObject: within S3, so that whoever copies reads no byte of it.

use super::{
    NewObject, access, put,
    route::{Operation, Target, decode},
};
use crate::rehearsal::{
    Call, ServiceError, time,
    wire::{answer::Answer, incoming::Incoming, xml},
};
use http::StatusCode;
use serde_json::json;

/// Conditions on the source that are not rehearsed.
const UNKNOWN: &[&str] = &[
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-unmodified-since",
];

/// Copies the object that `x-amz-copy-source` names; the caller may write the target, and must be able to read this.
pub(super) async fn copy_object(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<Answer, ServiceError> {
    let source = source(incoming)?;
    access::admitted(call, incoming.header("x-amz-source-expected-bucket-owner"), &source)?;
    let Some(found) = call.shelf.object(&source.bucket, &source.key).await? else {
        return Err(access::no_such_key(call, &source));
    };
    let seen = incoming.header("x-amz-copy-source-if-match");
    if seen.is_some_and(|seen| !found.head.has_etag(seen)) {
        return Err(put::precondition_failed());
    }
    put::check_conditions(call, incoming, target).await?;
    let kms_key = put::kms_key(call, incoming)?;
    let replaces = match incoming.header("x-amz-metadata-directive") {
        None | Some("COPY") => false,
        Some("REPLACE") => true,
        Some(other) => return Err(invalid(format!("Unknown metadata directive '{other}'"))),
    };
    let is_itself = (&source.bucket, &source.key) == (&target.bucket, &target.key);
    if is_itself && !replaces && kms_key == found.head.kms_key {
        return Err(ServiceError::refused(
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing it",
        ));
    }
    let (content_type, metadata) = if replaces {
        (incoming.header("content-type").map(str::to_owned), put::metadata(incoming)?)
    } else {
        (found.head.content_type, found.head.metadata)
    };
    let checksums = found.head.checksums;
    let new = NewObject { content: found.content, kms_key, content_type, metadata, checksums };
    let object = call.shelf.put_object(&target.bucket, &target.key, new, call.now).await?;
    let content = json!({ "ETag": object.etag, "LastModified": time::iso(object.modified) });
    Ok(object.describe_encryption(xml::document(StatusCode::OK, "CopyObjectResult", &content)))
}

/// The object to read: `BUCKET/KEY`, percent-encoded, with or without a slash in front.
fn source(incoming: &Incoming) -> Result<Target, ServiceError> {
    if let Some(header) = UNKNOWN.iter().find(|header| incoming.header(header).is_some()) {
        return Err(invalid(format!("the rehearsal does not know {header}")));
    }
    let text = incoming.header("x-amz-copy-source").unwrap_or_default();
    if text.contains('?') {
        return Err(invalid("the rehearsal keeps no versions of objects to copy from".to_owned()));
    }
    let path = decode(text.trim_start_matches('/'))?;
    let malformed =
        || invalid(format!("Copy Source must mention the source bucket and key: '{path}'"));
    let (bucket, key) = path.split_once('/').ok_or_else(malformed)?;
    if bucket.is_empty() || key.is_empty() || path.starts_with("arn:") {
        return Err(malformed());
    }
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    Ok(Target { operation: Operation::GetObject, bucket, key })
}

fn invalid(message: String) -> ServiceError {
    ServiceError::refused("InvalidArgument", message)
}
