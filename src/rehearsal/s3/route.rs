//! Which operation on which bucket and key a request means.

use crate::rehearsal::{ServiceError, check, wire::incoming::Incoming};
use http::Method;

/// Longest key in bytes (S3 user guide, object key names).
const LONGEST_KEY: usize = 1024;

/// What people may ask.
const KNOWN: &str = "ListBuckets, HeadBucket, GetBucketLocation, GetBucketEncryption, GetBucketOwnershipControls, GetBucketPolicy, GetBucketTagging, GetBucketVersioning, GetPublicAccessBlock, ListObjectsV2, PutObject, CopyObject, GetObject, HeadObject and DeleteObject";

/// Query parameters that belong to no operation of their own.
const PLAIN: &[&str] = &[
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
    "x-id",
    "location",
];

/// What is set on a bucket, by the query parameter that asks for it.
const SETTINGS: [(&str, Operation); 7] = [
    ("location", Operation::GetBucketLocation),
    ("encryption", Operation::GetBucketEncryption),
    ("ownershipControls", Operation::GetBucketOwnershipControls),
    ("policy", Operation::GetBucketPolicy),
    ("tagging", Operation::GetBucketTagging),
    ("versioning", Operation::GetBucketVersioning),
    ("publicAccessBlock", Operation::GetPublicAccessBlock),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    HeadBucket,
    GetBucketLocation,
    GetBucketEncryption,
    GetBucketOwnershipControls,
    GetBucketPolicy,
    GetBucketTagging,
    GetBucketVersioning,
    GetPublicAccessBlock,
    ListObjectsV2,
    PutObject,
    CopyObject,
    GetObject,
    HeadObject,
    DeleteObject,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::HeadBucket => "HeadBucket",
            Self::GetBucketLocation => "GetBucketLocation",
            Self::GetBucketEncryption => "GetBucketEncryption",
            Self::GetBucketOwnershipControls => "GetBucketOwnershipControls",
            Self::GetBucketPolicy => "GetBucketPolicy",
            Self::GetBucketTagging => "GetBucketTagging",
            Self::GetBucketVersioning => "GetBucketVersioning",
            Self::GetPublicAccessBlock => "GetPublicAccessBlock",
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::PutObject => "PutObject",
            Self::CopyObject => "CopyObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::DeleteObject => "DeleteObject",
        }
    }
}

/// A bucket, a key (empty for the bucket itself) and what to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) operation: Operation,
    pub(super) bucket: String,
    pub(super) key: String,
}

impl Target {
    /// The target; none for the account itself, whose buckets are to be listed.
    pub(super) fn of(incoming: &Incoming) -> Result<Option<Self>, ServiceError> {
        let path = decode(incoming.path.trim_start_matches('/'))?;
        let (bucket, key) = match hosted_bucket(incoming.header("host").unwrap_or_default()) {
            Some(bucket) => (bucket.to_owned(), path),
            None => match path.split_once('/') {
                Some((bucket, key)) => (bucket.to_owned(), key.to_owned()),
                None => (path, String::new()),
            },
        };
        check::length("KeyTooLongError", "Key", key.len(), 0..=LONGEST_KEY)?;
        let operation = operation(incoming, &bucket, &key)?;
        Ok(operation.map(|operation| Self { operation, bucket, key }))
    }
}

/// The bucket in a virtual host such as `bucket.s3.us-east-1.amazonaws.com` or `bucket.localhost`.
fn hosted_bucket(host: &str) -> Option<&str> {
    let host = host.split(':').next().unwrap_or_default();
    [".s3.", ".s3-", ".localhost"]
        .iter()
        .filter_map(|mark| host.split_once(mark))
        .map(|(bucket, _)| bucket)
        .find(|bucket| !bucket.is_empty())
}

fn operation(
    incoming: &Incoming,
    bucket: &str,
    key: &str,
) -> Result<Option<Operation>, ServiceError> {
    let other = incoming
        .query
        .iter()
        .map(|(name, _)| name.as_str())
        .find(|name| !PLAIN.contains(name) && !name.starts_with("X-Amz-"));
    let copies = incoming.headers.contains_key("x-amz-copy-source");
    let plain = other.is_none();
    if incoming.method == Method::GET
        && !bucket.is_empty()
        && key.is_empty()
        && let Some(asked) = setting(incoming)
    {
        return Ok(Some(asked));
    }
    if plain && incoming.method == Method::GET && bucket.is_empty() {
        return Ok(None);
    }
    let found = match (&incoming.method, bucket.is_empty(), key.is_empty()) {
        _ if !plain => None,
        (&Method::HEAD, false, true) => Some(Operation::HeadBucket),
        (&Method::GET, false, true) if incoming.parameter("list-type") == Some("2") => {
            Some(Operation::ListObjectsV2)
        }
        (&Method::PUT, false, false) if copies => Some(Operation::CopyObject),
        (&Method::PUT, false, false) => Some(Operation::PutObject),
        (&Method::GET, false, false) => Some(Operation::GetObject),
        (&Method::HEAD, false, false) => Some(Operation::HeadObject),
        (&Method::DELETE, false, false) => Some(Operation::DeleteObject),
        _ => None,
    };
    found.map(Some).ok_or_else(|| {
        let asked = other.unwrap_or("on the bucket itself");
        ServiceError::refused(
            "UnknownOperationException",
            format!(
                "the rehearsal does not know this S3 operation ({} {asked}); it knows {KNOWN}",
                incoming.method
            ),
        )
    })
}

/// The setting that is asked for, if one is.
fn setting(incoming: &Incoming) -> Option<Operation> {
    let asked = |(name, _): &&(&str, Operation)| incoming.parameter(name).is_some();
    SETTINGS.iter().find(asked).map(|(_, operation)| *operation)
}

/// Undoes percent-encoding.
pub(super) fn decode(text: &str) -> Result<String, ServiceError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).map_err(|_| invalid_uri(text))?;
                bytes.extend_from_slice(&byte);
                rest = after;
            }
            (b'%', _) => return Err(invalid_uri(text)),
            _ => bytes.push(first),
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid_uri(text))
}

fn invalid_uri(text: &str) -> ServiceError {
    ServiceError::refused("InvalidURI", format!("couldn't parse the specified URI '{text}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_may_stand_in_the_host() {
        assert_eq!(hosted_bucket("b.s3.us-east-1.amazonaws.com"), Some("b"));
        assert_eq!(hosted_bucket("b.localhost:4566"), Some("b"));
        assert_eq!(hosted_bucket("s3.us-east-1.amazonaws.com"), None);
        assert_eq!(hosted_bucket("127.0.0.1:4566"), None);
    }

    #[test]
    fn keys_are_percent_decoded() {
        assert_eq!(decode("a%20b%2Fc+d").unwrap(), "a b/c+d");
        assert!(decode("a%2").is_err());
        assert!(decode("a%zz").is_err());
        assert!(decode("%ff").is_err());
    }
}
