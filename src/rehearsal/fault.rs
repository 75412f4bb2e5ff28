//! What a service answers instead of doing what was asked.

use super::shelf::ShelfError;
use http::StatusCode;

/// An error of AWS: its code is what callers decide by, its message what people read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// Code as AWS spells it, such as `ResourceNotFoundException`.
    pub code: &'static str,
    /// HTTP status.
    pub status: StatusCode,
    /// For people; never decided by.
    pub message: String,
}

impl ServiceError {
    /// A refusal of the request as it is (HTTP 400).
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    /// An error with a status of its own.
    pub fn with_status(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    /// The rehearsal itself failed (HTTP 500); callers may retry.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::with_status(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", cause.to_string())
    }
}

impl From<ShelfError> for ServiceError {
    fn from(error: ShelfError) -> Self {
        Self::internal(format!("the rehearsal's state: {error}"))
    }
}
