//! S3: objects in buckets that the landscape made.
//!
//! A bucket belongs to one account; its policy lets in the accounts whose environment files name it.
//! Buckets cannot be made or removed here: they come from the environment files.

mod access;
mod chunked;
mod copy;
mod get;
mod list;
mod objects;
mod put;
mod route;
mod settings;

pub use objects::{NewObject, Object};

use super::{
    Call, ServiceError,
    wire::{answer::Answer, incoming::Incoming, xml},
};
use http::StatusCode;
use route::{Operation, Target};
use serde_json::json;

pub(super) async fn handle(
    call: &mut Call<'_>,
    incoming: &Incoming,
) -> Result<Answer, ServiceError> {
    let Some(target) = Target::of(incoming)? else {
        call.authorize("s3:ListAllMyBuckets", "*")?;
        return Ok(list_buckets(call));
    };
    call.operation = target.operation.name().to_owned();
    let bucket = access::bucket(call, incoming, &target)?;
    match target.operation {
        Operation::HeadBucket => {
            Ok(Answer::empty(StatusCode::OK).header("x-amz-bucket-region", bucket.region.as_str()))
        }
        Operation::GetBucketLocation => {
            // us-east-1 is the empty location, for history's sake.
            let region = bucket.region.as_str();
            let location = if region == "us-east-1" { "" } else { region };
            Ok(xml::document(StatusCode::OK, "LocationConstraint", &json!(location)))
        }
        Operation::GetBucketEncryption
        | Operation::GetBucketOwnershipControls
        | Operation::GetBucketPolicy
        | Operation::GetBucketTagging
        | Operation::GetBucketVersioning
        | Operation::GetPublicAccessBlock => settings::answer(call, bucket, &target),
        Operation::ListObjectsV2 => list::list_objects(call, incoming, &target).await,
        Operation::PutObject => put::put_object(call, incoming, &target).await,
        Operation::CopyObject => copy::copy_object(call, incoming, &target).await,
        Operation::GetObject => get::get_object(call, incoming, &target).await,
        Operation::HeadObject => get::head_object(call, incoming, &target).await,
        Operation::DeleteObject => {
            call.shelf.delete_object(&target.bucket, &target.key).await?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
    }
}

/// What HeadObject tells of an object, for a caller within the cloud.
///
/// # Errors
/// The bucket lets the caller not in, or there is no such object.
pub(super) async fn head(
    call: &mut Call<'_>,
    bucket: &str,
    key: &str,
) -> Result<Object, ServiceError> {
    let (bucket, key) = (bucket.to_owned(), key.to_owned());
    let target = Target { operation: Operation::HeadObject, bucket, key };
    access::admitted(call, None, &target)?;
    let object = call.shelf.object_head(&target.bucket, &target.key).await?;
    object.ok_or_else(|| access::no_such_key(call, &target))
}

fn list_buckets(call: &Call<'_>) -> Answer {
    let buckets: Vec<_> = call
        .landscape
        .buckets_of(&call.place.account)
        .map(|(name, _)| json!({ "Name": name, "CreationDate": "2026-01-01T00:00:00.000Z" }))
        .collect();
    let content = json!({
        "Owner": { "ID": call.place.account },
        "Buckets": { "Bucket": buckets },
    });
    xml::document(StatusCode::OK, "ListAllMyBucketsResult", &content)
}
