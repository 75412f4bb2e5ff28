//! Why a target did not take an event, in the words that dead letters have.

use crate::rehearsal::ServiceError;
use serde::{Deserialize, Serialize};

/// Codes that mean "later": throttling, by whatever service.
const THROTTLES: &[&str] = &[
    "KMSThrottling",
    "Throttled",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// A failed try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failure {
    /// What dead letters say.
    pub(super) code: ErrorCode,
    /// What the target answered.
    pub(super) message: String,
}

/// `ERROR_CODE` of a dead letter (EventBridge user guide, "Using dead-letter queues").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ErrorCode {
    FailedToAssumeRole,
    NoPermissions,
    NoResource,
    InvalidParameter,
    InvalidJson,
    ErrorFromTarget,
    Throttling,
    InternalError,
}

impl ErrorCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::FailedToAssumeRole => "FAILED_TO_ASSUME_ROLE",
            Self::NoPermissions => "NO_PERMISSIONS",
            Self::NoResource => "NO_RESOURCE",
            Self::InvalidParameter => "INVALID_PARAMETER",
            Self::InvalidJson => "INVALID_JSON",
            Self::ErrorFromTarget => "ERROR_FROM_TARGET",
            Self::Throttling => "THROTTLING",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    /// May the same try succeed later? Only throttling and the target's own faults pass by themselves.
    pub(super) fn may_pass(self) -> bool {
        matches!(self, Self::Throttling | Self::InternalError)
    }
}

impl Failure {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let code = match error.code {
            code if THROTTLES.contains(&code) => ErrorCode::Throttling,
            _ if error.status.is_server_error() => ErrorCode::InternalError,
            "AccessDeniedException" | "AuthorizationError" | "KMSAccessDenied" => {
                ErrorCode::NoPermissions
            }
            "ResourceNotFound" | "ResourceNotFoundException" | "NotFound" | "KMSNotFound" => {
                ErrorCode::NoResource
            }
            "ValidationException" | "InvalidParameter" => ErrorCode::InvalidParameter,
            _ => ErrorCode::ErrorFromTarget,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn only_throttling_and_the_targets_own_faults_pass() {
        let refused = |code| Failure::from(ServiceError::refused(code, "no")).code;
        assert!(refused("ThrottlingException").may_pass());
        assert!(Failure::from(ServiceError::internal("disk")).code.may_pass());
        let busy = ServiceError::with_status(StatusCode::SERVICE_UNAVAILABLE, "Busy", "later");
        assert!(Failure::from(busy).code.may_pass());
        for (code, told) in [
            ("KMSAccessDenied", "NO_PERMISSIONS"),
            ("ResourceNotFound", "NO_RESOURCE"),
            ("ValidationException", "INVALID_PARAMETER"),
            ("ConflictException", "ERROR_FROM_TARGET"),
        ] {
            assert_eq!(refused(code).as_str(), told);
            assert!(!refused(code).may_pass(), "{code}");
        }
    }
}
