//! The key of a topic: who publishes must be allowed to use it, too.

use super::Topic;
use crate::rehearsal::{Call, ServiceError, landscape::SNS_MANAGED_KEY};

/// Refuses a service that the topic's key does not let in. The keys of the landscape let EventBridge in; the policy of
/// a key that AWS manages lets no service in, and nobody can change it.
pub(super) fn admit(call: &Call<'_>, topic: &Topic) -> Result<(), ServiceError> {
    match topic.attributes.get("KmsMasterKeyId").map_or("", String::as_str) {
        "" => Ok(()),
        key if is_managed(key) => Err(ServiceError::refused(
            "KMSAccessDenied",
            format!(
                "the key {key} is managed by AWS: its policy does not let {} use it; a topic that EventBridge \
                 publishes to needs a key of your own",
                call.principal.arn()
            ),
        )),
        key if call.landscape.has_key(key, &call.place.account) => Ok(()),
        key => Err(ServiceError::refused("KMSNotFound", format!("the key {key} does not exist"))),
    }
}

/// Aliases that begin with `aws/` are reserved for keys that AWS manages.
fn is_managed(key: &str) -> bool {
    key == SNS_MANAGED_KEY
        || key.rsplit(':').next().is_some_and(|name| name.starts_with("alias/aws/"))
}
