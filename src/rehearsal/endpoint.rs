//! Which services there are, on which wire each speaks, and how each spells the common refusals.

use super::{
    Call, ServiceError,
    principal::Unrecognised,
    sagemaker,
    wire::{self, NoCaller, Wire, answer::Answer, incoming::Incoming},
};
use http::StatusCode;
use serde_json::Value;

/// A service, by the name it is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    SageMaker,
}

/// What people may sign for.
const KNOWN: &str = "sts, s3, lambda, sagemaker, events, sns and logs";

impl Endpoint {
    /// The service that `incoming` is signed for.
    pub(super) fn of(incoming: &Incoming) -> Result<Self, ServiceError> {
        let signed = incoming.credential.as_ref().map_or("", |scope| scope.service.as_str());
        match signed {
            "sagemaker" => Ok(Self::SageMaker),
            "" => Err(ServiceError::with_status(
                StatusCode::FORBIDDEN,
                "MissingAuthenticationToken",
                "the request is not signed",
            )),
            other => Err(ServiceError::refused(
                "UnknownOperationException",
                format!("the rehearsal has no service '{other}'; it has {KNOWN}"),
            )),
        }
    }

    /// How the service speaks.
    pub(super) fn wire(self) -> Wire {
        match self {
            Self::SageMaker => Wire::Json,
        }
    }

    /// Operation and input of the request.
    pub(super) fn read(self, incoming: &Incoming) -> Result<(String, Value), ServiceError> {
        wire::read(self.wire(), incoming)
    }

    /// Does what the call asks, if the caller may.
    pub(super) async fn handle(
        self,
        call: &mut Call<'_>,
        _incoming: &Incoming,
        id: &str,
    ) -> Result<Answer, ServiceError> {
        let output = match self {
            Self::SageMaker => {
                self.admit(call, sagemaker::OPERATIONS, &sagemaker::resource(call))?;
                Box::pin(sagemaker::handle(call)).await?
            }
        };
        Ok(wire::write(self.wire(), &call.operation, &output, id))
    }

    /// Known operations need the caller's policies to allow them; unknown ones are told as such.
    fn admit(self, call: &Call<'_>, known: &[&str], resource: &str) -> Result<(), ServiceError> {
        if known.contains(&call.operation.as_str()) {
            call.authorize(&format!("{}:{}", self.prefix(), call.operation), resource)
        } else {
            Err(call.unknown_operation(known))
        }
    }

    /// The service as policies name it.
    fn prefix(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker",
        }
    }

    /// The refusal of a request without a caller.
    pub(super) fn no_caller(self, why: NoCaller) -> ServiceError {
        let (code, message) = match why {
            NoCaller::Missing => {
                ("MissingAuthenticationTokenException", "the request is not signed")
            }
            NoCaller::Unrecognised(Unrecognised::Unknown) => (
                "UnrecognizedClientException",
                "the security token included in the request is invalid: no such access key here",
            ),
            NoCaller::Unrecognised(Unrecognised::Expired) => {
                ("ExpiredTokenException", "the security token included in the request is expired")
            }
        };
        self.spell(ServiceError::refused(code, message))
    }

    /// The error in the service's own spelling: AWS has several for the same refusal.
    pub(super) fn spell(self, error: ServiceError) -> ServiceError {
        match self {
            Self::SageMaker => error,
        }
    }
}
