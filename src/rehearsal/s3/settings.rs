//! What is set on a bucket. The landscape's buckets are set up as an administrator should: encrypted with the
//! environment's key, versioned, closed to the public, by TLS alone. They are described so; nothing here depends on it.

use super::route::{Operation, Target};
use crate::{
    foundation::Origin,
    rehearsal::{
        Bucket, Call, ServiceError,
        wire::{answer::Answer, xml},
    },
};
use http::StatusCode;
use serde_json::{Value, json};

/// One setting of a bucket, for its owner's account alone, as S3 has it.
pub(super) fn answer(
    call: &Call<'_>,
    bucket: &Bucket,
    target: &Target,
) -> Result<Answer, ServiceError> {
    if bucket.owner != call.place.account {
        return Err(ServiceError::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            format!("only the account that owns {} may ask this", target.bucket),
        ));
    }
    let document = |root: &str, content| Ok(xml::document(StatusCode::OK, root, &content));
    match target.operation {
        Operation::GetBucketVersioning => {
            document("VersioningConfiguration", json!({ "Status": "Enabled" }))
        }
        Operation::GetPublicAccessBlock => document(
            "PublicAccessBlockConfiguration",
            json!({
                "BlockPublicAcls": true, "IgnorePublicAcls": true,
                "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
            }),
        ),
        Operation::GetBucketPolicy => {
            let policy = bucket.laid.wanted("policy").unwrap_or_default().to_string();
            Ok(Answer::with_body(StatusCode::OK, "application/json", policy))
        }
        Operation::GetBucketOwnershipControls => document(
            "OwnershipControls",
            json!({ "Rule": { "ObjectOwnership": bucket.laid.wanted("object ownership") } }),
        ),
        Operation::GetBucketTagging => {
            let tags = bucket.laid.tags(Origin::Made).into_iter();
            let tags: Vec<Value> =
                tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            document("Tagging", json!({ "TagSet": { "Tag": tags } }))
        }
        _ => document(
            "ServerSideEncryptionConfiguration",
            json!({ "Rule": {
                "ApplyServerSideEncryptionByDefault": {
                    "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": bucket.key,
                },
                "BucketKeyEnabled": true,
            }}),
        ),
    }
}
