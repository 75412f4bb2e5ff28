//! Objects as a listing shows them, and copying one without reading it.

use super::{S3, address};
use crate::aws::{CloudError, ErrorClass, MOST_PAGES, error::Act, timestamp};
use aws_sdk_s3::types::ServerSideEncryption;
use jiff::Timestamp;
use std::fmt::Write as _;

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRecord {
    /// Its key.
    pub key: String,
    /// Opaque; another content has another.
    pub etag: String,
    /// When it was written.
    pub modified: Timestamp,
}

/// What a copy found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The copy is there.
    Done,
    /// The source is gone or has another content than the one that was listed.
    Changed,
}

impl S3 {
    /// The objects under `prefix`, by key.
    ///
    /// # Errors
    /// If S3 refuses, an answer makes no sense, or there is no end of pages.
    pub async fn objects(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> Result<Vec<ObjectRecord>, CloudError> {
        const OPERATION: &str = "ListObjectsV2";
        let address = address(bucket, prefix);
        let mut objects = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let page = self
                .client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(prefix)
                .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
                .set_continuation_token(token)
                .send()
                .await
                .act(OPERATION, &address)?;
            for found in page.contents.unwrap_or_default() {
                let broken = |what: &str| CloudError::broken_answer(OPERATION, &address, what);
                let modified = timestamp(found.last_modified.as_ref());
                objects.push(ObjectRecord {
                    key: found.key.ok_or_else(|| broken("no key"))?,
                    etag: found.e_tag.ok_or_else(|| broken("no entity tag"))?,
                    modified: modified.ok_or_else(|| broken("no time"))?,
                });
            }
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(objects);
            }
        }
        Err(CloudError::endless(OPERATION, address))
    }

    /// Copies an object within its bucket, inside S3, if it still is the one that was listed; up to 5 GB (CopyObject).
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn copy(
        &self,
        bucket: &str,
        from: (&str, &str),
        to: &str,
    ) -> Result<Copied, CloudError> {
        let (key, etag) = from;
        let owner = self.owners.of_bucket(bucket).as_str();
        let copied = self
            .client
            .copy_object()
            .bucket(bucket)
            .key(to)
            .copy_source(format!("{bucket}/{}", url_encoded(key)))
            .copy_source_if_match(etag)
            .expected_bucket_owner(owner)
            .expected_source_bucket_owner(owner)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(self.owners.key.as_str())
            .send()
            .await
            .act("CopyObject", &address(bucket, key));
        match copied {
            Ok(_) => Ok(Copied::Done),
            // a failed condition has the code of a conditional put that found the key taken
            Err(error)
                if matches!(error.class, ErrorClass::NotFound | ErrorClass::AlreadyExists) =>
            {
                Ok(Copied::Changed)
            }
            Err(error) => Err(error),
        }
    }
}

/// A key as `x-amz-copy-source` takes it (CopyObject API: URL-encoded).
fn url_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_source_is_named_without_ambiguity() {
        assert_eq!(super::url_encoded("m/a b+c%é.csv"), "m/a%20b%2Bc%25%C3%A9.csv");
    }
}
