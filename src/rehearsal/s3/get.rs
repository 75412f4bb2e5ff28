//! GetObject and HeadObject: ranges and conditions.

use super::{Object, access, route::Target};
use crate::rehearsal::{
    Call, ServiceError, time,
    wire::{answer::Answer, incoming::Incoming},
};
use bytes::Bytes;
use http::StatusCode;
use std::ops::Range;

pub(super) async fn get_object(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<Answer, ServiceError> {
    let Some(blob) = call.shelf.object(&target.bucket, &target.key).await? else {
        return Err(access::no_such_key(call, target));
    };
    check_condition(incoming, &blob.head)?;
    match range(incoming, blob.content.len())? {
        None => Ok(describe(&blob.head, incoming, StatusCode::OK, blob.content)),
        Some(range) => {
            let (first, last) = (range.start, range.end - 1);
            let part = blob.content.slice(range);
            let shown = format!("bytes {first}-{last}/{}", blob.head.size);
            Ok(describe(&blob.head, incoming, StatusCode::PARTIAL_CONTENT, part)
                .header("content-range", &shown))
        }
    }
}

pub(super) async fn head_object(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<Answer, ServiceError> {
    let Some(object) = call.shelf.object_head(&target.bucket, &target.key).await? else {
        return Err(access::no_such_key(call, target));
    };
    check_condition(incoming, &object)?;
    let length = object.size.to_string();
    Ok(describe(&object, incoming, StatusCode::OK, Bytes::new()).header("content-length", &length))
}

fn check_condition(incoming: &Incoming, object: &Object) -> Result<(), ServiceError> {
    if incoming.header("if-match").is_some_and(|seen| !object.has_etag(seen)) {
        return Err(ServiceError::with_status(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "the object is not the one that If-Match names",
        ));
    }
    Ok(())
}

fn describe(object: &Object, incoming: &Incoming, status: StatusCode, content: Bytes) -> Answer {
    let whole = status == StatusCode::OK;
    let mut answer = Answer::with_body(status, "binary/octet-stream", content)
        .header("etag", &object.etag)
        .header("last-modified", &time::http(object.modified))
        .header("accept-ranges", "bytes");
    if let Some(kind) = &object.content_type {
        answer = answer.header("content-type", kind);
    }
    for (name, value) in &object.metadata {
        answer = answer.header(&format!("x-amz-meta-{name}"), value);
    }
    if whole && incoming.header("x-amz-checksum-mode") == Some("ENABLED") {
        answer = object.describe_checksums(answer);
    }
    object.describe_encryption(answer)
}

/// The bytes asked for by `Range: bytes=…`; other units are ignored, as HTTP says.
fn range(incoming: &Incoming, size: usize) -> Result<Option<Range<usize>>, ServiceError> {
    let Some(asked) = incoming.header("range").and_then(|text| text.strip_prefix("bytes=")) else {
        return Ok(None);
    };
    let range = match asked.split_once('-') {
        Some(("", last)) => last.parse::<usize>().ok().map(|last| size.saturating_sub(last)..size),
        Some((first, "")) => first.parse().ok().map(|first| first..size),
        Some((first, last)) => match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => Some(first..last.saturating_add(1).min(size)),
            _ => None,
        },
        None => None,
    };
    match range {
        Some(range) if range.start < range.end => Ok(Some(range)),
        _ => Err(ServiceError::with_status(
            StatusCode::RANGE_NOT_SATISFIABLE,
            "InvalidRange",
            format!("the range '{asked}' is not in an object of {size} bytes"),
        )),
    }
}
