//! Buckets as an administrator sees and sets them. Every call names the account that must own the bucket.

use super::settings::{found_region, found_versioning};
use crate::{
    aws::{
        CloudError, ErrorClass,
        administrator::file,
        error::{Act, Maybe},
    },
    foundation::{BucketSpec, Found, Setting},
    ids::{AccountId, Region},
    plan::Tags,
};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    Tag, Tagging, VersioningConfiguration,
};
use aws_smithy_types::error::operation::BuildError;
use aws_types::SdkConfig;
use serde_json::{Value, json};

/// The region that buckets are made in when nothing is said (CreateBucket, `LocationConstraint`).
const UNSAID: &str = "us-east-1";

/// S3's buckets as an administrator of one account sees them.
#[derive(Debug, Clone)]
pub struct Buckets {
    client: aws_sdk_s3::Client,
    owner: AccountId,
}

impl Buckets {
    pub(in crate::aws) fn new(config: &SdkConfig, owner: AccountId) -> Self {
        let own_address = config.endpoint_url().is_some();
        let config =
            aws_sdk_s3::config::Builder::from(config).force_path_style(own_address).build();
        Self { client: aws_sdk_s3::Client::from_conf(config), owner }
    }

    /// The bucket as it is, if there is one of that name anywhere.
    ///
    /// # Errors
    /// If S3 refuses for another reason than that the bucket is somebody else's.
    pub async fn found(
        &self,
        spec: &BucketSpec,
        region: &Region,
    ) -> Result<Option<Found>, CloudError> {
        let bucket = spec.name.as_str();
        let request = self.client.get_bucket_location().bucket(bucket);
        let answer = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let answer = match answer.act("GetBucketLocation", bucket).maybe() {
            Err(error) if error.class == ErrorClass::Denied => {
                let why =
                    format!("it is not account {}'s, or closed to its administrator", self.owner);
                return Ok(Some(Found { obstacles: vec![why], ..Found::default() }));
            }
            answer => answer?,
        };
        let Some(answer) = answer else { return Ok(None) };
        let mut found = Found { tags: self.tags(bucket).await?, ..Found::default() };
        let stands = found_region(answer.location_constraint.as_ref());
        if stands != region.as_str() {
            found.obstacles.push(format!("it stands in {stands}, the pipelines run in {region}"));
        }
        file(&mut found, "policy", self.policy(bucket).await)?;
        file(&mut found, "public access", self.public_access(bucket).await)?;
        file(&mut found, "object ownership", self.ownership(bucket).await)?;
        file(&mut found, "versions", self.versioning(bucket).await)?;
        file(&mut found, "default encryption", self.encryption(bucket).await)?;
        Ok(Some(found))
    }

    async fn tags(&self, bucket: &str) -> Result<Tags, CloudError> {
        let request = self.client.get_bucket_tagging().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let found = found.act("GetBucketTagging", bucket).maybe()?;
        let tags = found.map(|found| found.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }

    async fn policy(&self, bucket: &str) -> Result<Option<Value>, CloudError> {
        const OPERATION: &str = "GetBucketPolicy";
        let request = self.client.get_bucket_policy().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let found = found.act(OPERATION, bucket).maybe()?;
        let text = found.and_then(|found| found.policy).filter(|text| !text.is_empty());
        let parsed = text.map(|text| serde_json::from_str(&text)).transpose();
        parsed.map_err(|error| CloudError::broken_answer(OPERATION, bucket, error.to_string()))
    }

    async fn public_access(&self, bucket: &str) -> Result<Option<Value>, CloudError> {
        let request = self.client.get_public_access_block().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let found = found.act("GetPublicAccessBlock", bucket).maybe()?;
        let blocks = found.and_then(|found| found.public_access_block_configuration);
        Ok(blocks.map(|one| {
            let all = [
                one.block_public_acls,
                one.ignore_public_acls,
                one.block_public_policy,
                one.restrict_public_buckets,
            ];
            json!(if all.iter().all(|switch| *switch == Some(true)) { "blocked" } else { "open" })
        }))
    }

    async fn ownership(&self, bucket: &str) -> Result<Option<Value>, CloudError> {
        let request = self.client.get_bucket_ownership_controls().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let found = found.act("GetBucketOwnershipControls", bucket).maybe()?;
        let rules = found.and_then(|found| found.ownership_controls).map(|controls| controls.rules);
        let rule = rules.and_then(|rules| rules.into_iter().next());
        Ok(rule.map(|rule| json!(rule.object_ownership.as_str())))
    }

    async fn versioning(&self, bucket: &str) -> Result<Option<Value>, CloudError> {
        let request = self.client.get_bucket_versioning().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        Ok(found_versioning(found, bucket)?.map(|status| json!(status)))
    }

    async fn encryption(&self, bucket: &str) -> Result<Option<Value>, CloudError> {
        let request = self.client.get_bucket_encryption().bucket(bucket);
        let found = request.expected_bucket_owner(self.owner.as_str()).send().await;
        let found = found.act("GetBucketEncryption", bucket).maybe()?;
        let rules = found.and_then(|found| found.server_side_encryption_configuration);
        let rule = rules.and_then(|rules| rules.rules.into_iter().next());
        let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
        Ok(default.map(|default| {
            let key = default.kms_master_key_id.unwrap_or_else(|| "no key of yours".to_owned());
            json!(format!("{} with {key}", default.sse_algorithm.as_str()))
        }))
    }

    /// Makes the bucket, closed: nobody else's objects, no access lists. It is born with its tags, so that one whose
    /// making nobody heard of is known again; where S3 takes none there, they follow.
    ///
    /// # Errors
    /// If S3 refuses, for instance because somebody else has the name.
    pub async fn create(
        &self,
        spec: &BucketSpec,
        region: &Region,
        tags: &Tags,
    ) -> Result<(), CloudError> {
        let bucket = spec.name.as_str();
        let place =
            (region.as_str() != UNSAID).then(|| BucketLocationConstraint::from(region.as_str()));
        let born = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(sdk_tags("CreateBucket", bucket, tags)?))
            .build();
        let made = self
            .client
            .create_bucket()
            .bucket(bucket)
            .create_bucket_configuration(born)
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .send()
            .await
            .act("CreateBucket", bucket);
        match made {
            Err(error) if error.class != ErrorClass::AlreadyExists => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let there = self.tags(bucket).await?;
        if tags.iter().all(|(key, value)| there.get(key) == Some(value)) {
            return Ok(());
        }
        self.tag(spec, tags).await
    }

    /// Sets one thing of the bucket.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn set(
        &self,
        spec: &BucketSpec,
        setting: &Setting,
        to: &Value,
    ) -> Result<(), CloudError> {
        let bucket = spec.name.as_str();
        match setting {
            Setting::PublicAccess => self.block_public_access(bucket).await,
            Setting::Ownership => self.enforce_ownership(bucket).await,
            Setting::Versioning => self.keep_versions(bucket).await,
            Setting::Encryption { key } => self.encrypt(bucket, key).await,
            Setting::BucketPolicy(_) => {
                let request = self.client.put_bucket_policy().bucket(bucket).policy(to.to_string());
                let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
                sent.act("PutBucketPolicy", bucket).map(drop)
            }
            Setting::KeyPolicy(_)
            | Setting::KeyRotation
            | Setting::Trust(_)
            | Setting::Permissions { .. }
            | Setting::LongestSession(_)
            | Setting::GroupPolicy(_)
            | Setting::Retention(_)
            | Setting::LogKey(_) => Err(CloudError::not_of_it(setting, bucket)),
        }
    }

    async fn block_public_access(&self, bucket: &str) -> Result<(), CloudError> {
        let all = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let request = self.client.put_public_access_block().bucket(bucket);
        let request = request.public_access_block_configuration(all);
        let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
        sent.act("PutPublicAccessBlock", bucket).map(drop)
    }

    async fn enforce_ownership(&self, bucket: &str) -> Result<(), CloudError> {
        const OPERATION: &str = "PutBucketOwnershipControls";
        let rule = OwnershipControlsRule::builder()
            .object_ownership(ObjectOwnership::BucketOwnerEnforced)
            .build()
            .and_then(|rule| OwnershipControls::builder().rules(rule).build());
        let rule = rule.map_err(not_built(OPERATION, bucket))?;
        let request = self.client.put_bucket_ownership_controls().bucket(bucket);
        let request = request.ownership_controls(rule);
        let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
        sent.act(OPERATION, bucket).map(drop)
    }

    async fn keep_versions(&self, bucket: &str) -> Result<(), CloudError> {
        let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
        let request = self.client.put_bucket_versioning().bucket(bucket);
        let request = request.versioning_configuration(on);
        let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
        sent.act("PutBucketVersioning", bucket).map(drop)
    }

    async fn encrypt(&self, bucket: &str, key: &str) -> Result<(), CloudError> {
        const OPERATION: &str = "PutBucketEncryption";
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::AwsKms)
            .kms_master_key_id(key)
            .build()
            .and_then(|default| {
                let rule = ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(default)
                    .bucket_key_enabled(true)
                    .build();
                ServerSideEncryptionConfiguration::builder().rules(rule).build()
            });
        let default = default.map_err(not_built(OPERATION, bucket))?;
        let request = self.client.put_bucket_encryption().bucket(bucket);
        let request = request.server_side_encryption_configuration(default);
        let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
        sent.act(OPERATION, bucket).map(drop)
    }

    /// Adds tags to the bucket. S3 replaces all of them, so those that are there go along.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn tag(&self, spec: &BucketSpec, tags: &Tags) -> Result<(), CloudError> {
        const OPERATION: &str = "PutBucketTagging";
        let bucket = spec.name.as_str();
        let mut all = self.tags(bucket).await?;
        all.extend(tags.clone());
        let all = sdk_tags(OPERATION, bucket, &all)?;
        let tagging = Tagging::builder().set_tag_set(Some(all)).build();
        let tagging = tagging.map_err(not_built(OPERATION, bucket))?;
        let request = self.client.put_bucket_tagging().bucket(bucket).tagging(tagging);
        let sent = request.expected_bucket_owner(self.owner.as_str()).send().await;
        sent.act(OPERATION, bucket).map(drop)
    }
}

fn sdk_tags(operation: &'static str, bucket: &str, tags: &Tags) -> Result<Vec<Tag>, CloudError> {
    let built = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    built.collect::<Result<_, _>>().map_err(not_built(operation, bucket))
}

fn not_built(operation: &'static str, bucket: &str) -> impl Fn(BuildError) -> CloudError {
    move |error| CloudError::not_built(operation, bucket, &error)
}
