//! Which class of trouble a code of AWS means.

/// A class of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// It does not exist.
    NotFound,
    /// It exists already.
    AlreadyExists,
    /// Something else is changing it, or it is not in a state to be changed.
    Conflict,
    /// Too many calls.
    Throttled,
    /// The caller may not.
    Denied,
    /// The caller's credentials are over.
    Expired,
    /// The request is wrong; it stays wrong.
    Invalid,
    /// A quota is used up.
    LimitExceeded,
    /// AWS could not, or could not be reached.
    Unavailable,
    /// The session is in another account than the environment names.
    WrongAccount,
    /// None of these.
    Other,
}

impl ErrorClass {
    /// May what was asked for be done, or be about to be, although this was the answer?
    #[must_use]
    pub fn may_be_done(self) -> bool {
        match self {
            Self::Unavailable | Self::Other => true,
            Self::NotFound
            | Self::AlreadyExists
            | Self::Conflict
            | Self::Throttled
            | Self::Denied
            | Self::Expired
            | Self::Invalid
            | Self::LimitExceeded
            | Self::WrongAccount => false,
        }
    }

    /// May making something be refused so because it is there: made by somebody else meanwhile, or by an earlier try?
    pub(super) fn may_be_there(self) -> bool {
        match self {
            Self::Invalid | Self::Conflict | Self::AlreadyExists => true,
            Self::NotFound
            | Self::Throttled
            | Self::Denied
            | Self::Expired
            | Self::LimitExceeded
            | Self::Unavailable
            | Self::WrongAccount
            | Self::Other => false,
        }
    }
}

/// Codes by class, from the API references of the services and the SDK's own retry tables.
const CODES: [(ErrorClass, &[&str]); 9] = [
    (
        ErrorClass::NotFound,
        &[
            "NotFound",
            "NotFoundException",
            "ResourceNotFound",
            "ResourceNotFoundException",
            "NoSuchKey",
            "NoSuchBucket",
            "RepositoryNotFoundException",
        ],
    ),
    (
        ErrorClass::AlreadyExists,
        &["ResourceAlreadyExistsException", "PreconditionFailed", "BucketAlreadyOwnedByYou"],
    ),
    (
        ErrorClass::Conflict,
        &[
            "ConflictException",
            "ResourceConflictException",
            "ConcurrentModificationException",
            "ConcurrentAccess",
            "OperationAborted",
            "OperationAbortedException",
            "ConditionalRequestConflict",
            "PreconditionFailedException",
            "ResourceInUse",
        ],
    ),
    (
        ErrorClass::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "Throttled",
            "ThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "SlowDown",
            "KMSThrottling",
        ],
    ),
    (
        ErrorClass::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "IncompleteSignature",
            "RequestTimeTooSkewed",
            "KMSAccessDenied",
            "KMSAccessDeniedException",
        ],
    ),
    (ErrorClass::Expired, &["ExpiredToken", "ExpiredTokenException", "RequestExpired"]),
    (
        ErrorClass::Invalid,
        &[
            "ValidationException",
            "ValidationError",
            "InvalidParameter",
            "InvalidParameterException",
            "InvalidParameterValue",
            "InvalidParameterValueException",
            "InvalidEventPatternException",
            "InvalidRequest",
            "InvalidRequestContentException",
            "InvalidArgument",
            "MalformedPolicyDocument",
            "PackedPolicyTooLarge",
        ],
    ),
    (
        ErrorClass::LimitExceeded,
        &[
            "LimitExceededException",
            "ResourceLimitExceeded",
            "CodeStorageExceededException",
            "SubscriptionLimitExceeded",
            "TopicLimitExceeded",
        ],
    ),
    (
        ErrorClass::Unavailable,
        &[
            "InternalFailure",
            "InternalError",
            "InternalErrorException",
            "InternalException",
            "InternalServerError",
            "ServiceException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
        ],
    ),
];

impl ErrorClass {
    pub(super) fn of_code(code: &str) -> Option<Self> {
        CODES.iter().find(|(_, codes)| codes.contains(&code)).map(|(class, _)| *class)
    }

    /// Answers to HEAD have no body and so no code: their status is all there is.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            404 => Self::NotFound,
            409 => Self::Conflict,
            412 => Self::AlreadyExists,
            429 => Self::Throttled,
            401 | 403 => Self::Denied,
            400 => Self::Invalid,
            500..=599 => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_class() {
        let codes: Vec<&str> = CODES.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        for code in &codes {
            assert_eq!(codes.iter().filter(|other| *other == code).count(), 1, "{code}");
        }
        assert_eq!(ErrorClass::of_code("ResourceNotFound"), Some(ErrorClass::NotFound));
        assert_eq!(ErrorClass::of_code("NeverHeardOf"), None);
    }
}
