//! Whether an object is still the one it was.

use super::S3;
use crate::aws::CloudError;

impl S3 {
    /// The ETag of an object without its quotes, if there is one.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn etag(&self, bucket: &str, key: &str) -> Result<Option<String>, CloudError> {
        let head = self.head(bucket, key).await?;
        Ok(head.and_then(|head| head.e_tag).map(|etag| etag.trim_matches('"').to_owned()))
    }
}
