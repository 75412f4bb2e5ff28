//! Whether an object is still the one it was.

use super::{S3, address};
use crate::aws::{
    CloudError,
    error::{Act, Maybe},
};

impl S3 {
    /// The ETag of an object without its quotes, if there is one.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn etag(&self, bucket: &str, key: &str) -> Result<Option<String>, CloudError> {
        let head = self
            .client
            .head_object()
            .bucket(bucket)
            .key(key)
            .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
            .send()
            .await
            .act("HeadObject", &address(bucket, key))
            .maybe()?;
        Ok(head.and_then(|head| head.e_tag).map(|etag| etag.trim_matches('"').to_owned()))
    }
}
