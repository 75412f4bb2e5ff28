//! Who a session really is, and what time it is there.

use super::{
    error::{Act, CloudError},
    probe::AnswerDate,
    skew,
};
use crate::ids::AccountId;
use aws_types::SdkConfig;

const OPERATION: &str = "GetCallerIdentity";

/// The account the configuration's credentials belong to, by AWS's own word.
///
/// # Errors
/// If AWS does not say, or says another time than this machine's.
pub(super) async fn caller_account(config: &SdkConfig) -> Result<AccountId, CloudError> {
    let date = AnswerDate::default();
    let request = aws_sdk_sts::Client::new(config).get_caller_identity();
    let answer = request.customize().interceptor(date.clone()).send().await;
    let answer = answer.act(OPERATION, "the session")?;
    skew::demand_time(OPERATION, date.seen(), config.time_source().as_ref())?;
    answer.account.as_deref().unwrap_or_default().parse().map_err(|error: crate::ids::InvalidId| {
        CloudError::broken_answer(OPERATION, "the session", error.to_string())
    })
}
