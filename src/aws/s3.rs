//! Objects. Every call names the bucket's expected owner; every put is encrypted with the environment's key.

mod buckets;
mod etag;
mod objects;
mod presence;
mod settings;

pub use buckets::Buckets;
pub use objects::{Copied, ObjectRecord};

use super::{
    CloudError, ErrorClass,
    access::Owners,
    error::{Act, Maybe},
};
use aws_sdk_s3::{operation::head_object::HeadObjectOutput, types::ServerSideEncryption};
use aws_types::SdkConfig;
use std::sync::Arc;

const HEAD: &str = "HeadObject";

/// What a conditional put found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is there now.
    Stored,
    /// It was there before; a content-addressed key holds the same content then.
    AlreadyThere,
}

/// S3 as one session sees it.
#[derive(Debug, Clone)]
pub struct S3 {
    client: aws_sdk_s3::Client,
    owners: Arc<Owners>,
}

impl S3 {
    pub(super) fn new(config: &SdkConfig, owners: Arc<Owners>) -> Self {
        // an address of our own has no DNS entry per bucket
        let own_address = config.endpoint_url().is_some();
        let config =
            aws_sdk_s3::config::Builder::from(config).force_path_style(own_address).build();
        Self { client: aws_sdk_s3::Client::from_conf(config), owners }
    }

    /// Stores `content` unless the key is taken.
    ///
    /// # Errors
    /// If S3 refuses, for instance because the bucket is another account's.
    pub async fn put_new(
        &self,
        bucket: &str,
        key: &str,
        content: Vec<u8>,
    ) -> Result<Put, CloudError> {
        let put = self
            .client
            .put_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(self.owners.key.as_str())
            .if_none_match("*")
            .body(content.into())
            .send()
            .await
            .act("PutObject", &address(bucket, key));
        match put {
            Ok(_) => Ok(Put::Stored),
            Err(error) if error.class == ErrorClass::AlreadyExists => Ok(Put::AlreadyThere),
            Err(error) => Err(error),
        }
    }

    /// Stores `content`, whatever was there.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn put(&self, bucket: &str, key: &str, content: Vec<u8>) -> Result<(), CloudError> {
        self.client
            .put_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(self.owners.key.as_str())
            .body(content.into())
            .send()
            .await
            .act("PutObject", &address(bucket, key))
            .map(drop)
    }

    /// The size of an object in bytes, if there is one.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn size(&self, bucket: &str, key: &str) -> Result<Option<u64>, CloudError> {
        let head = self.head(bucket, key).await?;
        Ok(head.map(|head| head.content_length.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)))
    }

    /// What S3 says of an object, if there is one.
    async fn head(&self, bucket: &str, key: &str) -> Result<Option<HeadObjectOutput>, CloudError> {
        let request = self.client.head_object().bucket(bucket).key(key);
        let owner = self.owners.of_bucket(bucket).as_str();
        let found = request.expected_bucket_owner(owner).send().await;
        match found.act(HEAD, &address(bucket, key)).maybe() {
            Err(told) if told.is_without_reason() => Err(self.reason((bucket, key), told).await),
            answered => answered,
        }
    }

    /// Why S3 refuses to say anything of an object. HEAD has no body that could tell; GET is refused for the same reason,
    /// and says whether it is the permission, the session's end or the clock.
    async fn reason(&self, (bucket, key): (&str, &str), told: CloudError) -> CloudError {
        let request = self.client.get_object().bucket(bucket).key(key);
        let owner = self.owners.of_bucket(bucket).as_str();
        let asked = request.expected_bucket_owner(owner).send().await;
        match asked.act(HEAD, &address(bucket, key)).maybe() {
            Err(reason) if reason.is_without_reason() => told,
            Err(reason) => reason,
            // it was refused a moment ago, and no longer is
            Ok(_) => CloudError { class: ErrorClass::Unavailable, ..told },
        }
    }

    /// An object's content, if there is one, refused above `most` bytes.
    ///
    /// # Errors
    /// If S3 refuses, the object is larger than `most`, or its content breaks off.
    pub async fn get(
        &self,
        bucket: &str,
        key: &str,
        most: u64,
    ) -> Result<Option<Vec<u8>>, CloudError> {
        let address = address(bucket, key);
        let found = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
            .send()
            .await
            .act("GetObject", &address)
            .maybe()?;
        let Some(found) = found else { return Ok(None) };
        let size = found.content_length.and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX);
        if size > most {
            return Err(CloudError {
                class: ErrorClass::LimitExceeded,
                code: "ObjectTooLarge".to_owned(),
                operation: "GetObject",
                resource: address,
                message: format!("{size} bytes, at most {most} are read"),
            });
        }
        let content = found.body.collect().await.map_err(|error| CloudError {
            class: ErrorClass::Unavailable,
            code: "BrokenOff".to_owned(),
            operation: "GetObject",
            resource: address,
            message: error.to_string(),
        })?;
        Ok(Some(content.to_vec()))
    }

    /// The keys under `prefix`, in order.
    ///
    /// # Errors
    /// As for [`Self::objects`].
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, CloudError> {
        let objects = self.objects(bucket, prefix).await?;
        Ok(objects.into_iter().map(|object| object.key).collect())
    }
}

fn address(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}
