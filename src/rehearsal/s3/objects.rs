//! Objects as they are kept, for S3 itself and for the jobs that read and write them.

use crate::{
    ids::Digest,
    rehearsal::{Blob, Item, Shelf, ShelfError, wire::answer::Answer},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known about an object besides its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Opaque, quoted, equal for equal contents. Not the MD5, which AWS does not promise either.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was written.
    pub modified: Timestamp,
    /// The key that encrypts it; absent means S3's own.
    pub kms_key: Option<String>,
    /// Media type.
    pub content_type: Option<String>,
    /// The writer's own notes (`x-amz-meta-…`).
    pub metadata: BTreeMap<String, String>,
    /// Checksums that came with it, by header name.
    pub checksums: BTreeMap<String, String>,
}

impl Item for Object {
    const KIND: &'static str = "object";
}

impl Object {
    /// Is this its entity tag, quoted or not?
    pub(super) fn has_etag(&self, seen: &str) -> bool {
        seen == "*" || seen.trim_matches('"') == self.etag.trim_matches('"')
    }

    pub(super) fn describe_encryption(&self, answer: Answer) -> Answer {
        match &self.kms_key {
            None => answer.header("x-amz-server-side-encryption", "AES256"),
            Some(key) => answer
                .header("x-amz-server-side-encryption", "aws:kms")
                .header("x-amz-server-side-encryption-aws-kms-key-id", key),
        }
    }

    pub(super) fn describe_checksums(&self, answer: Answer) -> Answer {
        self.checksums.iter().fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}

/// An object to be written.
#[derive(Debug, Clone, Default)]
pub struct NewObject {
    /// The content.
    pub content: Bytes,
    /// The key that encrypts it.
    pub kms_key: Option<String>,
    /// Media type.
    pub content_type: Option<String>,
    /// The writer's own notes.
    pub metadata: BTreeMap<String, String>,
    /// Checksums that came with it, by header name.
    pub checksums: BTreeMap<String, String>,
}

/// Buckets are global; their objects stand in a space of their own beside other blobs.
fn space(bucket: &str) -> String {
    format!("s3:{bucket}")
}

impl Shelf<'_> {
    /// Writes an object, instead of what was under the key.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn put_object(
        &mut self,
        bucket: &str,
        key: &str,
        object: NewObject,
        now: Timestamp,
    ) -> Result<Object, ShelfError> {
        let digest = Digest::of(&object.content);
        let (etag, _) = digest.as_str().split_at(32);
        let head = Object {
            etag: format!("\"{etag}\""),
            size: object.content.len() as u64,
            modified: now,
            kms_key: object.kms_key,
            content_type: object.content_type,
            metadata: object.metadata,
            checksums: object.checksums,
        };
        let blob = Blob { head, content: object.content };
        self.put_blob(&space(bucket), key, &blob).await?;
        Ok(blob.head)
    }

    /// An object with its content.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn object(
        &mut self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Blob<Object>>, ShelfError> {
        self.blob(&space(bucket), key).await
    }

    /// An object without its content.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn object_head(
        &mut self,
        bucket: &str,
        key: &str,
    ) -> Result<Option<Object>, ShelfError> {
        self.blob_head(&space(bucket), key).await
    }

    /// At most `limit` objects whose keys begin with `prefix` and come after `after`, by key.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn objects(
        &mut self,
        bucket: &str,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Object)>, ShelfError> {
        self.blob_heads(&space(bucket), prefix, after, limit).await
    }

    /// Removes an object, if it is there.
    ///
    /// # Errors
    /// The state cannot be written.
    pub async fn delete_object(&mut self, bucket: &str, key: &str) -> Result<(), ShelfError> {
        self.delete_blob(&space(bucket), key).await
    }
}
