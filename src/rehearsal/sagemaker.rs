//! SageMaker: pipelines, executions, the model registry.

use super::{Call, ServiceError};
use serde_json::Value;

/// The operations this service knows, for the error about others.
pub(super) const OPERATIONS: &[&str] = &[];

/// Does what the call asks.
pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    Err(call.unknown_operation(OPERATIONS))
}

/// The ARN the call is about, for the policies; `*` where it is about none.
pub(super) fn resource(_call: &Call<'_>) -> String {
    "*".to_owned()
}
