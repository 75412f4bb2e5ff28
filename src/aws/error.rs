//! What went wrong in the cloud: which call, on what, and what class of trouble.

use super::ErrorClass;
use crate::foundation::Setting;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use std::error::Error;

/// A call that AWS refused, failed, or never answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} {resource}: {message} ({code})")]
pub struct CloudError {
    /// What a caller may decide by.
    pub class: ErrorClass,
    /// AWS's own code; `NoAnswer` where there was none, `NoCode` where an answer gave no reason of AWS's.
    pub code: String,
    /// The operation, as the API calls it.
    pub operation: &'static str,
    /// What it was done to.
    pub resource: String,
    /// AWS's words and, where there is one, the request id; for people only.
    pub message: String,
}

/// Stands where AWS gave no code, because it gave no answer or one without a body.
const NO_ANSWER: &str = "NoAnswer";
/// Stands where a server failed with words that are not of the service: AWS's services give each failure a code.
const NO_CODE: &str = "NoCode";
/// What is said to a call that nobody has heard of: by services of AWS's three families of protocols, and in plain HTTP.
const UNHEARD_OF: [&str; 5] = [
    "UnknownOperationException",
    "InvalidAction",
    "NotImplemented",
    "UnsupportedOperation",
    NO_CODE,
];

impl CloudError {
    /// An answer that breaks the service's own contract, such as a missing ARN.
    pub(super) fn broken_answer(
        operation: &'static str,
        resource: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            class: ErrorClass::Other,
            code: "BrokenAnswer".to_owned(),
            operation,
            resource: resource.into(),
            message: message.into(),
        }
    }

    /// A listing that does not end within [`super::MOST_PAGES`].
    pub(super) fn endless(operation: &'static str, resource: impl Into<String>) -> Self {
        Self {
            class: ErrorClass::LimitExceeded,
            code: "TooManyPages".to_owned(),
            operation,
            resource: resource.into(),
            message: format!("more than {} pages", super::MOST_PAGES),
        }
    }

    /// A request that could not even be built from what it was given.
    pub(super) fn not_built(
        operation: &'static str,
        resource: &str,
        error: &aws_smithy_types::error::operation::BuildError,
    ) -> Self {
        Self {
            class: ErrorClass::Invalid,
            code: "NotBuilt".to_owned(),
            operation,
            resource: resource.to_owned(),
            message: error.to_string(),
        }
    }

    /// A setting that a resource of this kind does not have.
    pub(super) fn not_of_it(setting: &Setting, resource: &str) -> Self {
        Self {
            class: ErrorClass::Invalid,
            code: "NoSuchSetting".to_owned(),
            operation: "Set",
            resource: resource.to_owned(),
            message: format!("it has no {}", setting.aspect()),
        }
    }

    /// Is this how a server answers that does not offer the operation? AWS offers it: this means something only of
    /// an address of one's own.
    #[must_use]
    pub fn is_unheard_of(&self) -> bool {
        UNHEARD_OF.contains(&self.code.as_str())
    }

    /// Was it refused without a word why, as answers to HEAD are?
    pub(super) fn is_without_reason(&self) -> bool {
        self.code == NO_ANSWER && matches!(self.class, ErrorClass::Denied | ErrorClass::Invalid)
    }

    pub(super) fn from_sdk<E>(
        operation: &'static str,
        resource: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(inner) = cause(error) {
            return inner.clone();
        }
        let status = error.raw_response().map(|response| response.status().as_u16());
        let code = error.code().map(str::to_owned);
        let class = match (code.as_deref().and_then(ErrorClass::of_code), error, status) {
            (Some(class), _, _) => class,
            (None, SdkError::ServiceError(_), Some(status)) => ErrorClass::of_status(status),
            // an answer that broke off or cannot be read says nothing, whatever its status
            (None, _, _) => ErrorClass::Unavailable,
        };
        let words = match (error.message(), error, status) {
            (Some(message), _, _) => message.to_owned(),
            (None, SdkError::ServiceError(_), Some(status)) if status >= 300 => {
                format!("HTTP status {status}")
            }
            // what came instead is not shown: it may be long, and it may be anything
            (None, _, Some(status)) => {
                format!("an answer that cannot be read, HTTP status {status}")
            }
            (None, _, None) => chain(error),
        };
        let message = match error.request_id() {
            Some(id) => format!("{words}; request {id}"),
            None => words,
        };
        let code = code.unwrap_or_else(|| nameless(error.raw_response()).to_owned());
        Self { class, code, operation, resource: resource.to_owned(), message }
    }
}

/// What stands for the code that an answer did not give. A gateway's failures (502 and above) pass.
fn nameless(answer: Option<&HttpResponse>) -> &'static str {
    let Some(answer) = answer else { return NO_ANSWER };
    let worded = answer.body().bytes().is_some_and(|body| !body.is_empty());
    match answer.status().as_u16() {
        400 | 404 | 405 | 500 if worded => NO_CODE,
        501 => NO_CODE,
        _ => NO_ANSWER,
    }
}

/// An error with its causes, each said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

/// The error of our own that lies under the SDK's: a refused AssumeRole comes wrapped into whatever call
/// needed the credentials.
pub(super) fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CloudError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<CloudError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Names the act and its operand in whatever the SDK reports.
pub(super) trait Act<T> {
    /// Turns the SDK's error into ours.
    fn act(self, operation: &'static str, resource: &str) -> Result<T, CloudError>;
}

impl<T, E> Act<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn act(self, operation: &'static str, resource: &str) -> Result<T, CloudError> {
        self.map_err(|error| CloudError::from_sdk(operation, resource, &error))
    }
}

/// Absence as an answer instead of an error.
pub(super) trait Maybe<T> {
    /// `None` if it was not found.
    fn maybe(self) -> Result<Option<T>, CloudError>;
}

impl<T> Maybe<T> for Result<T, CloudError> {
    fn maybe(self) -> Result<Option<T>, CloudError> {
        match self {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.class == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}
