//! PutObject: conditions, encryption, checksums.

use super::{NewObject, access, chunked, route::Target};
use crate::{
    ids::Digest,
    rehearsal::{Call, ServiceError, check, wire::answer::Answer, wire::incoming::Incoming},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// Longest user-defined metadata in bytes (S3 user guide).
const LONGEST_METADATA: usize = 2048;

pub(super) async fn put_object(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<Answer, ServiceError> {
    check_conditions(call, incoming, target).await?;
    let kms_key = kms_key(call, incoming)?;
    let (content, trailers) = content(incoming)?;
    let checksums = checksums(incoming, &trailers, &content)?;
    let new = NewObject {
        content,
        kms_key,
        content_type: incoming.header("content-type").map(str::to_owned),
        metadata: metadata(incoming)?,
        checksums,
    };
    let object = call.shelf.put_object(&target.bucket, &target.key, new, call.now).await?;
    let answer = Answer::empty(StatusCode::OK).header("etag", &object.etag);
    Ok(object.describe_encryption(object.describe_checksums(answer)))
}

/// `If-None-Match: *` creates only; `If-Match` replaces only what was seen.
pub(super) async fn check_conditions(
    call: &mut Call<'_>,
    incoming: &Incoming,
    target: &Target,
) -> Result<(), ServiceError> {
    match (incoming.header("if-none-match"), incoming.header("if-match")) {
        (None, None) => Ok(()),
        (Some("*"), None) => match call.shelf.object_head(&target.bucket, &target.key).await? {
            None => Ok(()),
            Some(_) => Err(precondition_failed()),
        },
        (None, Some(seen)) => match call.shelf.object_head(&target.bucket, &target.key).await? {
            None => Err(access::no_such_key(call, target)),
            Some(object) if object.has_etag(seen) => Ok(()),
            Some(_) => Err(precondition_failed()),
        },
        _ => Err(ServiceError::with_status(
            StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "a write takes If-None-Match: * or If-Match, and only one of them",
        )),
    }
}

/// What was seen of the object is no longer so.
pub(super) fn precondition_failed() -> ServiceError {
    ServiceError::with_status(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "at least one of the pre-conditions you specified did not hold",
    )
}

/// The key that is to encrypt the object; it must exist.
pub(super) fn kms_key(
    call: &Call<'_>,
    incoming: &Incoming,
) -> Result<Option<String>, ServiceError> {
    let key = incoming.header("x-amz-server-side-encryption-aws-kms-key-id");
    match (incoming.header("x-amz-server-side-encryption"), key) {
        (None | Some("AES256"), None) => Ok(None),
        (Some("aws:kms"), None) => Ok(Some(call.place.arn("kms", "alias/aws/s3"))),
        (Some("aws:kms"), Some(key)) if call.landscape.has_key(key, &call.place.account) => {
            Ok(Some(key.to_owned()))
        }
        (Some("aws:kms"), Some(key)) => Err(ServiceError::refused(
            "KMS.NotFoundException",
            format!("key '{key}' does not exist"),
        )),
        (algorithm, _) => Err(ServiceError::refused(
            "InvalidArgument",
            format!(
                "server side encryption '{}' does not go with these headers",
                algorithm.unwrap_or_default()
            ),
        )),
    }
}

type Trailers = BTreeMap<String, String>;

/// The body itself, out of its chunks if it came in chunks.
fn content(incoming: &Incoming) -> Result<(Bytes, Trailers), ServiceError> {
    let declared = incoming.header("x-amz-content-sha256").unwrap_or_default();
    let encoded = incoming.header("content-encoding").unwrap_or_default().contains("aws-chunked");
    if declared.starts_with("STREAMING-") || encoded {
        return chunked::decode(&incoming.body);
    }
    if declared.len() == 64 && declared != Digest::of(&incoming.body).as_str() {
        return Err(ServiceError::refused(
            "XAmzContentSHA256Mismatch",
            "the provided 'x-amz-content-sha256' header does not match what was computed",
        ));
    }
    Ok((incoming.body.clone(), Trailers::new()))
}

/// The checksums that came along, verified where we can compute them.
fn checksums(
    incoming: &Incoming,
    trailers: &Trailers,
    content: &[u8],
) -> Result<BTreeMap<String, String>, ServiceError> {
    let headers = incoming.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let given: BTreeMap<String, String> = headers
        .chain(trailers.clone())
        .filter(|(name, _)| name.starts_with("x-amz-checksum-"))
        .filter(|(name, _)| {
            !matches!(name.as_str(), "x-amz-checksum-algorithm" | "x-amz-checksum-type")
        })
        .collect();
    for (name, value) in &given {
        let computed = match name.as_str() {
            "x-amz-checksum-sha256" => STANDARD.encode(Sha256::digest(content)),
            "x-amz-checksum-crc32" => {
                let mut crc = flate2::Crc::new();
                crc.update(content);
                STANDARD.encode(crc.sum().to_be_bytes())
            }
            _ => continue,
        };
        if computed != *value {
            return Err(ServiceError::refused(
                "BadDigest",
                format!("the {name} you specified did not match the calculated checksum"),
            ));
        }
    }
    let md5 = incoming.header("content-md5");
    if md5.is_some_and(|md5| STANDARD.decode(md5).map_or(0, |digest| digest.len()) != 16) {
        return Err(ServiceError::refused("InvalidDigest", "the Content-MD5 is no MD5"));
    }
    Ok(given)
}

pub(super) fn metadata(incoming: &Incoming) -> Result<BTreeMap<String, String>, ServiceError> {
    let notes: BTreeMap<String, String> = incoming
        .headers
        .iter()
        .filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("x-amz-meta-")?;
            Some((name.to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let size = notes.iter().map(|(name, value)| name.len() + value.len()).sum();
    check::length("MetadataTooLarge", "metadata", size, 0..=LONGEST_METADATA)?;
    Ok(notes)
}
