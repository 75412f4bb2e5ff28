//! Which of some objects are there: one look at a folder instead of one at each of them.

use super::{S3, address};
use crate::aws::{CloudError, ErrorClass, error::Act};
use futures_util::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Questions that are under way at the same time.
const AT_ONCE: usize = 8;

/// Keys that are listed of a folder: more than it costs to look for some objects one by one is not read.
const MOST_LISTED: i32 = 250;

impl S3 {
    /// Those of `keys` that the bucket has. S3 shows what was just written, in a listing as well as to a question.
    ///
    /// Of each folder (what stands before the second slash) one page is listed, from its first wanted key on; what lies
    /// behind the page is asked about by itself, and so is all where listing is not allowed.
    ///
    /// # Errors
    /// If S3 refuses.
    pub async fn present(
        &self,
        bucket: &str,
        keys: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>, CloudError> {
        let mut folders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for key in keys {
            folders.entry(folder(key)).or_default().insert(key);
        }
        let mut looks: Vec<Look<'_>> = Vec::with_capacity(folders.len());
        for (folder, keys) in &folders {
            looks.push(Box::pin(self.present_in((bucket, folder), keys)));
        }
        all(looks).await
    }

    async fn present_in(
        &self,
        (bucket, folder): (&str, &str),
        keys: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>, CloudError> {
        if keys.len() == 1 || folder.is_empty() {
            return self.present_each(bucket, keys).await;
        }
        let (listed, end) = match self.page((bucket, folder), keys).await {
            Err(error) if error.class == ErrorClass::Denied => {
                return self.present_each(bucket, keys).await;
            }
            page => page?,
        };
        let seen = |key: &&&str| end.as_deref().is_none_or(|end| **key <= end);
        let (near, far): (BTreeSet<&str>, BTreeSet<&str>) = keys.iter().partition(seen);
        let mut found = self.present_each(bucket, &far).await?;
        found.extend(listed.into_iter().filter(|key| near.contains(key.as_str())));
        Ok(found)
    }

    /// A page of a folder's keys from the first of `keys` on, and its last key if there are more.
    async fn page(
        &self,
        (bucket, folder): (&str, &str),
        keys: &BTreeSet<&str>,
    ) -> Result<(Vec<String>, Option<String>), CloudError> {
        // a listing begins behind a key: the first one's beginning comes before it, and nothing wanted lies between
        let before = keys
            .first()
            .and_then(|first| first.char_indices().next_back().map(|(end, _)| &first[..end]));
        let page = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(folder)
            .set_start_after(before.map(str::to_owned))
            .max_keys(MOST_LISTED)
            .expected_bucket_owner(self.owners.of_bucket(bucket).as_str())
            .send()
            .await
            .act("ListObjectsV2", &address(bucket, folder))?;
        let found = page.contents.unwrap_or_default().into_iter().filter_map(|found| found.key);
        let found: Vec<String> = found.collect();
        let more = page.is_truncated.unwrap_or_default();
        // a page that is cut and empty tells of no key
        let end = more.then(|| found.last().cloned().unwrap_or_default());
        Ok((found, end))
    }

    async fn present_each(
        &self,
        bucket: &str,
        keys: &BTreeSet<&str>,
    ) -> Result<BTreeSet<String>, CloudError> {
        let mut looks: Vec<Look<'_>> = Vec::with_capacity(keys.len());
        for key in keys {
            looks.push(Box::pin(self.present_one(bucket, key)));
        }
        all(looks).await
    }

    async fn present_one(&self, bucket: &str, key: &str) -> Result<BTreeSet<String>, CloudError> {
        let size = self.size(bucket, key).await?;
        Ok(size.map(|_| key.to_owned()).into_iter().collect())
    }
}

type Look<'a> = BoxFuture<'a, Result<BTreeSet<String>, CloudError>>;

async fn all(looks: Vec<Look<'_>>) -> Result<BTreeSet<String>, CloudError> {
    stream::iter(looks).buffer_unordered(AT_ONCE).try_concat().await
}

/// What stands before the second slash of a key, with it; nothing where there is none.
fn folder(key: &str) -> &str {
    key.match_indices('/').nth(1).map_or("", |(end, _)| &key[..=end])
}
