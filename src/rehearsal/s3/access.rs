//! Who may touch which bucket.

use super::route::{Operation, Target};
use crate::rehearsal::{Bucket, Call, ServiceError, wire::incoming::Incoming};
use http::StatusCode;

/// The bucket, if it is there, in the region that was signed for, and the caller may do this to it.
pub(super) fn bucket<'c>(
    call: &Call<'c>,
    incoming: &Incoming,
    target: &Target,
) -> Result<&'c Bucket, ServiceError> {
    let bucket = admitted(call, incoming.header("x-amz-expected-bucket-owner"), target)?;
    if bucket.region != call.place.region && target.operation != Operation::GetBucketLocation {
        return Err(ServiceError::refused(
            "AuthorizationHeaderMalformed",
            format!("the region '{}' is wrong; expecting '{}'", call.place.region, bucket.region),
        ));
    }
    Ok(bucket)
}

/// The bucket, wherever it is, if it lets the caller in, and the caller may do this to it.
pub(super) fn admitted<'c>(
    call: &Call<'c>,
    expected_owner: Option<&str>,
    target: &Target,
) -> Result<&'c Bucket, ServiceError> {
    let Some(bucket) = call.landscape.bucket(&target.bucket) else {
        return Err(ServiceError::with_status(
            StatusCode::NOT_FOUND,
            "NoSuchBucket",
            format!("the specified bucket does not exist: {}", target.bucket),
        ));
    };
    if expected_owner.is_some_and(|expected| expected != bucket.owner.as_str()) {
        return Err(denied(format!("{} is not owned by the expected account", target.bucket)));
    }
    if !bucket.accounts.contains(&call.place.account) {
        return Err(denied(format!(
            "{} lets account {} not in",
            target.bucket, call.place.account
        )));
    }
    call.authorize(action(target.operation), &resource(call, target))?;
    Ok(bucket)
}

/// What a missing key looks like: only who may list learns that it is missing.
pub(super) fn no_such_key(call: &Call<'_>, target: &Target) -> ServiceError {
    let bucket = call.place.bucket_arn(&target.bucket, None);
    match call.authorize("s3:ListBucket", &bucket) {
        Err(refusal) => refusal,
        Ok(()) => ServiceError::with_status(
            StatusCode::NOT_FOUND,
            "NoSuchKey",
            format!("the specified key does not exist: {}", target.key),
        ),
    }
}

fn denied(message: String) -> ServiceError {
    ServiceError::refused("AccessDeniedException", message)
}

fn action(operation: Operation) -> &'static str {
    match operation {
        Operation::HeadBucket | Operation::ListObjectsV2 => "s3:ListBucket",
        Operation::GetBucketLocation => "s3:GetBucketLocation",
        Operation::GetBucketEncryption => "s3:GetEncryptionConfiguration",
        Operation::GetBucketOwnershipControls => "s3:GetBucketOwnershipControls",
        Operation::GetBucketPolicy => "s3:GetBucketPolicy",
        Operation::GetBucketTagging => "s3:GetBucketTagging",
        Operation::GetBucketVersioning => "s3:GetBucketVersioning",
        Operation::GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
        Operation::PutObject | Operation::CopyObject => "s3:PutObject",
        Operation::GetObject | Operation::HeadObject => "s3:GetObject",
        Operation::DeleteObject => "s3:DeleteObject",
    }
}

fn resource(call: &Call<'_>, target: &Target) -> String {
    let key = Some(target.key.as_str()).filter(|key| !key.is_empty());
    call.place.bucket_arn(&target.bucket, key)
}
