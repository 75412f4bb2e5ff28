//! Keys: whom they let in, and whether they can be used.

mod keys;

use super::{
    CloudError,
    error::{Act, Maybe},
};
use crate::{
    ids::Arn,
    preflight::{KeyUse, PolicyDocument},
};
use aws_types::SdkConfig;

/// The one policy that a key has (GetKeyPolicy, `PolicyName`).
const POLICY: &str = "default";

/// KMS as one session sees it.
#[derive(Debug, Clone)]
pub struct Kms {
    client: aws_sdk_kms::Client,
}

impl Kms {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_kms::Client::new(config) }
    }

    /// What state a key is in, if there is such a key. An alias will do.
    ///
    /// # Errors
    /// If KMS refuses.
    pub async fn key(&self, key: &Arn) -> Result<Option<KeyUse>, CloudError> {
        let found = self.client.describe_key().key_id(key.as_str()).send().await;
        let found = found.act("DescribeKey", key.as_str()).maybe()?;
        Ok(found.and_then(|found| found.key_metadata).map(|found| KeyUse {
            state: found.key_state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            usage: found.key_usage.map(|usage| usage.as_str().to_owned()).unwrap_or_default(),
            arn: found.arn.and_then(|arn| arn.parse().ok()),
        }))
    }

    /// The policy of a key, which must be named by its own ARN: GetKeyPolicy takes no alias.
    ///
    /// # Errors
    /// If KMS refuses, or its answer is no policy.
    pub async fn policy(&self, key: &Arn) -> Result<PolicyDocument, CloudError> {
        const OPERATION: &str = "GetKeyPolicy";
        let request = self.client.get_key_policy().key_id(key.as_str()).policy_name(POLICY);
        let found = request.send().await.act(OPERATION, key.as_str())?;
        PolicyDocument::parse(&found.policy.unwrap_or_default())
            .map_err(|error| CloudError::broken_answer(OPERATION, key.as_str(), error.to_string()))
    }
}
