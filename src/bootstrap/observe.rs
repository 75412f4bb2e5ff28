//! One thing, as it is. Nothing here writes.

use crate::{
    aws::{Administrator, CloudError},
    foundation::{Found, Item, Resource},
};

pub(super) async fn observe(
    administrator: &Administrator,
    item: &Item,
) -> Result<Option<Found>, CloudError> {
    let found = match &item.resource {
        Resource::Key(key) => administrator.kms().administered(key).await,
        Resource::Role(role) => administrator.iam().role(role).await,
        Resource::Bucket(bucket) => administrator.buckets().found(bucket, &item.region).await,
        Resource::Group(group) => administrator.sagemaker().group(group).await,
        Resource::LogGroup(log) => administrator.logs().administered(log, &item.address()).await,
    }?;
    Ok(found.map(|found| if administrator.is_elsewhere() { found } else { offered(found) }))
}

/// AWS offers everything: what it does not tell could not be read.
fn offered(mut found: Found) -> Found {
    found.unread.append(&mut found.unoffered);
    found
}
