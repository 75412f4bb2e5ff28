//! What is set on a bucket, one call each: a session may be allowed some of them and not others.

use super::S3;
use crate::{
    aws::{
        CloudError,
        error::{Act, Maybe},
    },
    preflight::{Encryption, PolicyDocument, PublicAccess},
};

use aws_sdk_s3::{
    operation::get_bucket_versioning::{GetBucketVersioningError, GetBucketVersioningOutput},
    types::BucketLocationConstraint,
};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};

/// Where buckets stand that say nothing, for history's sake (GetBucketLocation, `LocationConstraint`).
const NOWHERE: &str = "us-east-1";
/// An old name of a region (GetBucketLocation, `LocationConstraint`).
const OLD_EUROPE: (&str, &str) = ("EU", "eu-west-1");

/// The region that a location stands for.
pub(super) fn found_region(location: Option<&BucketLocationConstraint>) -> String {
    match location.map(BucketLocationConstraint::as_str) {
        None | Some("") => NOWHERE.to_owned(),
        Some(old) if old == OLD_EUROPE.0 => OLD_EUROPE.1.to_owned(),
        Some(region) => region.to_owned(),
    }
}

type Versioning =
    Result<GetBucketVersioningOutput, SdkError<GetBucketVersioningError, HttpResponse>>;

/// `Enabled` or `Suspended`; nothing if versions were never kept. Servers that store like S3 may name the answer's
/// outermost element otherwise, which the SDK refuses to read; the status in it is the same.
pub(super) fn found_versioning(
    answer: Versioning,
    bucket: &str,
) -> Result<Option<String>, CloudError> {
    let raw = answer.as_ref().err().and_then(SdkError::raw_response);
    let raw = raw.filter(|raw| raw.status().is_success()).and_then(|raw| raw.body().bytes());
    let misnamed = raw.and_then(|body| std::str::from_utf8(body).ok()).and_then(misnamed);
    if let Some(status) = misnamed {
        return Ok(status);
    }
    let found = answer.act("GetBucketVersioning", bucket)?;
    Ok(found.status.map(|status| status.as_str().to_owned()))
}

/// The status in an answer about versioning by whatever name, if it is one.
fn misnamed(body: &str) -> Option<Option<String>> {
    let elements = body.split('<').skip(1).filter(|element| !element.starts_with('?'));
    let mut elements = elements.map(|element| element.split_once('>').unwrap_or((element, "")));
    let (root, _) = elements.next()?;
    let name = root.split([' ', '/']).next()?;
    let status = elements.find(|(name, _)| *name == "Status").map(|(_, text)| text.to_owned());
    name.contains("Versioning").then_some(status)
}

impl S3 {
    /// The region of a bucket, if there is such a bucket.
    ///
    /// # Errors
    /// If S3 refuses, for instance because the bucket is another account's.
    pub async fn region(&self, bucket: &str) -> Result<Option<String>, CloudError> {
        let request = self.client.get_bucket_location().bucket(bucket);
        let request = request.expected_bucket_owner(self.owners.of_bucket(bucket).as_str());
        let found = request.send().await.act("GetBucketLocation", bucket).maybe()?;
        Ok(found.map(|found| found_region(found.location_constraint.as_ref())))
    }

    /// A bucket's default encryption, if it has one.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn encryption(&self, bucket: &str) -> Result<Option<Encryption>, CloudError> {
        let request = self.client.get_bucket_encryption().bucket(bucket);
        let request = request.expected_bucket_owner(self.owners.of_bucket(bucket).as_str());
        let found = request.send().await.act("GetBucketEncryption", bucket).maybe()?;
        let rules = found.and_then(|found| found.server_side_encryption_configuration);
        let rule = rules.and_then(|rules| rules.rules.into_iter().next());
        let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
        Ok(default.map(|default| Encryption {
            algorithm: default.sse_algorithm.as_str().to_owned(),
            key: default.kms_master_key_id,
        }))
    }

    /// `Enabled` or `Suspended`; nothing if versions were never kept.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn versioning(&self, bucket: &str) -> Result<Option<String>, CloudError> {
        let request = self.client.get_bucket_versioning().bucket(bucket);
        let request = request.expected_bucket_owner(self.owners.of_bucket(bucket).as_str());
        found_versioning(request.send().await, bucket)
    }

    /// Whether all public access is blocked on the bucket itself.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn public_access(&self, bucket: &str) -> Result<PublicAccess, CloudError> {
        let request = self.client.get_public_access_block().bucket(bucket);
        let request = request.expected_bucket_owner(self.owners.of_bucket(bucket).as_str());
        let found = request.send().await.act("GetPublicAccessBlock", bucket).maybe()?;
        let found = found.and_then(|found| found.public_access_block_configuration);
        let blocked = found.is_some_and(|found| {
            [
                found.block_public_acls,
                found.ignore_public_acls,
                found.block_public_policy,
                found.restrict_public_buckets,
            ]
            .iter()
            .all(|switch| *switch == Some(true))
        });
        Ok(if blocked { PublicAccess::Blocked } else { PublicAccess::Open })
    }

    /// A bucket's policy, if it has one.
    ///
    /// # Errors
    /// If S3 refuses, or its answer is no policy.
    pub async fn policy(&self, bucket: &str) -> Result<Option<PolicyDocument>, CloudError> {
        const OPERATION: &str = "GetBucketPolicy";
        let request = self.client.get_bucket_policy().bucket(bucket);
        let request = request.expected_bucket_owner(self.owners.of_bucket(bucket).as_str());
        let found = request.send().await.act(OPERATION, bucket).maybe()?;
        let Some(text) = found.and_then(|found| found.policy) else { return Ok(None) };
        let policy = PolicyDocument::parse(&text);
        policy
            .map(Some)
            .map_err(|error| CloudError::broken_answer(OPERATION, bucket, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_under_whatever_name_and_nothing_else_is() {
        for root in ["VersioningConfiguration xmlns=\"x\"", "GetBucketVersioningResponse"] {
            let body = format!("<?xml version=\"1.0\"?>\n<{root}>\n <Status>Enabled</Status></x>");
            assert_eq!(misnamed(&body), Some(Some("Enabled".to_owned())), "{root}");
        }
        assert_eq!(misnamed("<GetBucketVersioningResponse/>"), Some(None));
        for other in ["", "Enabled", "<Error><Status>Enabled</Status></Error>", "<html>", "<"] {
            assert_eq!(misnamed(other), None, "{other}");
        }
    }
}
