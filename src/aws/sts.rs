//! Who a session really is.

use super::error::{Act, CloudError};
use crate::ids::AccountId;
use aws_types::SdkConfig;

/// The account the configuration's credentials belong to, by AWS's own word.
pub(super) async fn caller_account(config: &SdkConfig) -> Result<AccountId, CloudError> {
    let answer = aws_sdk_sts::Client::new(config)
        .get_caller_identity()
        .send()
        .await
        .act("GetCallerIdentity", "the session")?;
    answer.account.as_deref().unwrap_or_default().parse().map_err(|error: crate::ids::InvalidId| {
        CloudError::broken_answer("GetCallerIdentity", "the session", error.to_string())
    })
}
