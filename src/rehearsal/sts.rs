//! STS: who am I, and let me be someone else.
//!
//! A role that does not exist, does not trust the caller or got the wrong external id all end in the
//! same AccessDenied, as in AWS: whoever asks learns nothing.

mod assume_role;
pub(super) mod tags;

use super::{Call, ServiceError};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[&str] = &["AssumeRole", "GetCallerIdentity"];

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "AssumeRole" => assume_role::assume_role(call).await,
        "GetCallerIdentity" => Ok(get_caller_identity(call)),
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

fn get_caller_identity(call: &Call<'_>) -> Value {
    json!({
        "Arn": call.principal.arn(),
        "UserId": call.principal.user_id(),
        "Account": call.principal.account(),
    })
}
