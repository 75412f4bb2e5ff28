//! Where something stands: accounts and regions are apart.

use crate::ids::{AccountId, Region};
use serde::{Deserialize, Serialize};

/// One region of one account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The owning account.
    pub account: AccountId,
    /// The region.
    pub region: Region,
}

impl Place {
    /// The ARN of `resource` of `service` here.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self { account, region } = self;
        format!("arn:{}:{service}:{region}:{account}:{resource}", region.partition().name)
    }

    /// The ARN of `key` in `bucket`, or of the bucket itself, as who calls from here must write it.
    #[must_use]
    pub fn bucket_arn(&self, bucket: &str, key: Option<&str>) -> String {
        bucket_arn(&self.region, bucket, key)
    }
}

/// The ARN of `key` in `bucket`, or of the bucket itself: neither names an account or a region, both a partition.
pub(super) fn bucket_arn(region: &Region, bucket: &str, key: Option<&str>) -> String {
    let bucket = format!("arn:{}:s3:::{bucket}", region.partition().name);
    key.map_or(bucket.clone(), |key| format!("{bucket}/{key}"))
}
