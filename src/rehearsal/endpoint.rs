//! Which services there are, on which wire each speaks, and how each spells the common refusals.

use super::{
    Call, ServiceError, ecr, events, iam, kms, lambda, logs,
    principal::Unrecognised,
    s3, sagemaker, sns, sts,
    wire::{self, NoCaller, Wire, answer::Answer, incoming::Incoming},
};
use http::StatusCode;
use serde_json::Value;

/// A service, by the name it is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Sts,
    S3,
    SageMaker,
    Logs,
    Events,
    Sns,
    Lambda,
    Iam,
    Kms,
    Ecr,
}

/// What people may sign for.
const KNOWN: &str = "sts, s3, lambda, sagemaker, events, sns, logs, iam, kms and ecr";

impl Endpoint {
    /// The service that `incoming` is signed for.
    pub(super) fn of(incoming: &Incoming) -> Result<Self, ServiceError> {
        let signed = incoming.credential.as_ref().map_or("", |scope| scope.service.as_str());
        match signed {
            "sts" => Ok(Self::Sts),
            "s3" => Ok(Self::S3),
            "sagemaker" => Ok(Self::SageMaker),
            "lambda" => Ok(Self::Lambda),
            "logs" => Ok(Self::Logs),
            "events" => Ok(Self::Events),
            "sns" => Ok(Self::Sns),
            "iam" => Ok(Self::Iam),
            "kms" => Ok(Self::Kms),
            "ecr" => Ok(Self::Ecr),
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
            Self::SageMaker | Self::Logs | Self::Events | Self::Kms | Self::Ecr => Wire::Json,
            Self::Sts | Self::Sns | Self::Iam => Wire::Query,
            Self::Lambda => Wire::RestJson,
            Self::S3 => Wire::RestXml,
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
        incoming: &Incoming,
        id: &str,
    ) -> Result<Answer, ServiceError> {
        let output = match self {
            Self::Lambda => return lambda::handle(call, incoming).await,
            Self::S3 => return s3::handle(call, incoming).await,
            Self::Sts => {
                let output = sts::handle(call).await?;
                return Ok(wire::write_query(&call.operation, &output, id));
            }
            Self::Sns => {
                admit(call, "sns", sns::OPERATIONS, sns::resource(call))?;
                let output = sns::handle(call).await?;
                return Ok(wire::write_query(&call.operation, &output, id));
            }
            Self::Iam => {
                admit(call, "iam", iam::OPERATIONS, iam::resource(call))?;
                let output = iam::handle(call).await?;
                return Ok(wire::write_query(&call.operation, &output, id));
            }
            Self::Kms => {
                admit(call, "kms", kms::OPERATIONS, kms::resource(call))?;
                kms::handle(call).await?
            }
            Self::Ecr => {
                admit(call, "ecr", ecr::OPERATIONS, ecr::resource(call))?;
                ecr::handle(call).await?
            }
            Self::SageMaker => {
                admit(call, "sagemaker", sagemaker::OPERATIONS, sagemaker::resource(call))?;
                Box::pin(sagemaker::handle(call)).await?
            }
            Self::Events => {
                admit(call, "events", events::OPERATIONS, events::resource(call))?;
                events::handle(call).await?
            }
            Self::Logs => {
                admit(call, "logs", logs::OPERATIONS, logs::resource(call))?;
                logs::handle(call).await?
            }
        };
        Ok(wire::write_aws_json(&output))
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
        let (code, status) = match (self.wire(), error.code) {
            (Wire::Json, _) => return error,
            (Wire::RestJson, "AccessDeniedException" | "ExpiredTokenException") => {
                (error.code, StatusCode::FORBIDDEN)
            }
            (Wire::RestJson, "UnrecognizedClientException") => (error.code, StatusCode::FORBIDDEN),
            (Wire::Query, "AccessDeniedException") if self == Self::Sns => {
                ("AuthorizationError", StatusCode::FORBIDDEN)
            }
            (Wire::Query | Wire::RestXml, "AccessDeniedException") => {
                ("AccessDenied", StatusCode::FORBIDDEN)
            }
            (Wire::Query, "ExpiredTokenException") => ("ExpiredToken", StatusCode::FORBIDDEN),
            (Wire::RestXml, "ExpiredTokenException") => ("ExpiredToken", StatusCode::BAD_REQUEST),
            (Wire::Query, "UnrecognizedClientException") => {
                ("InvalidClientTokenId", StatusCode::FORBIDDEN)
            }
            (Wire::RestXml, "UnrecognizedClientException") => {
                ("InvalidAccessKeyId", StatusCode::FORBIDDEN)
            }
            _ => return error,
        };
        ServiceError { code, status, ..error }
    }
}

/// Known operations need the caller's policies to allow them; unknown ones are told as such.
fn admit(
    call: &Call<'_>,
    prefix: &str,
    known: &[&str],
    resource: String,
) -> Result<(), ServiceError> {
    if known.contains(&call.operation.as_str()) {
        call.authorize(&format!("{prefix}:{}", call.operation), &resource)
    } else {
        Err(call.unknown_operation(known))
    }
}
