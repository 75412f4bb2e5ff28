//! A Lambda function that runs: what it is called with, its way back into the cloud, how it may end.

use super::super::{Deployed, ServiceError};
use crate::ids::{Arn, Region};
use futures_util::future::BoxFuture;
use serde_json::Value;

/// One call of a function.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'i> {
    /// The version that is called.
    pub function: &'i Deployed,
    /// Its ARN.
    pub arn: &'i Arn,
    /// What it is called with.
    pub event: &'i Value,
}

/// What a function asks of AWS.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The service, as it is signed for.
    pub service: String,
    /// The operation, as AWS names it.
    pub operation: String,
    /// The region, if it is not the function's own.
    pub region: Option<Region>,
    /// Its input; fields as AWS names them.
    pub input: Value,
}

/// The cloud as a function sees it: it acts as its role, within the transaction that the step runs in.
pub trait Cloud: Send {
    /// The answer, with fields as AWS names them and times in seconds since 1970.
    fn ask(&mut self, question: Question) -> BoxFuture<'_, Result<Value, ServiceError>>;
}

/// What a function raised: `errorType` and `errorMessage` of its answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Raised {
    /// Name of the exception's class.
    pub kind: String,
    /// Its text.
    pub message: String,
}

impl Raised {
    /// An exception of this class with this text.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into() }
    }
}

/// Why a function gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// It raised an exception.
    #[error(transparent)]
    Raised(#[from] Raised),
    /// It could not be run; the text says why.
    #[error("{0}")]
    NotRun(String),
    /// The rehearsal failed; nobody is to blame but it.
    #[error(transparent)]
    Rehearsal(ServiceError),
}
