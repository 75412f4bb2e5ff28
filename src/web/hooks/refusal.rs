//! Why a request is no delivery, and what its sender is told.

use super::{super::limits::NotRead, Counted};
use crate::{github::signature::SIGNATURE_HEADER, hearing::NotKept};
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Seconds after which one that was turned away may come again.
const AGAIN_AFTER: &str = "2";

/// Why a request is no delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("no webhook secret is set up here")]
    NoSecret,
    #[error("only application/json is taken: set the webhook's content type to it")]
    NotJson,
    #[error("{SIGNATURE_HEADER} is missing, or not the body's under a secret of this agent")]
    Unsigned,
    #[error("the header {0} is missing or not GitHub's")]
    BadHeader(&'static str),
    #[error("the body cannot be taken: {0}")]
    BadBody(&'static str),
    #[error("{0}")]
    NotRead(#[from] NotRead),
    #[error("it took too long to come, or to be kept")]
    TooSlow,
    #[error("not kept; send it again: {0}")]
    NotKept(String),
}

impl From<NotKept> for Refusal {
    fn from(not: NotKept) -> Self {
        Self::NotKept(not.to_string())
    }
}

impl Refusal {
    pub(super) fn counted(&self) -> Counted {
        match self {
            Self::Unsigned => Counted::Unsigned,
            Self::NoSecret
            | Self::NotJson
            | Self::BadHeader(_)
            | Self::BadBody(_)
            | Self::NotRead(_) => Counted::Refused,
            Self::TooSlow | Self::NotKept(_) => Counted::TurnedAway,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoSecret => StatusCode::NOT_FOUND,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unsigned => StatusCode::UNAUTHORIZED,
            Self::BadHeader(_) | Self::BadBody(_) | Self::NotRead(NotRead::Broken) => {
                StatusCode::BAD_REQUEST
            }
            Self::NotRead(NotRead::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow | Self::NotKept(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let told = Json(serde_json::json!({ "error": self.to_string() }));
        let mut response = (status, told).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static(AGAIN_AFTER));
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest of it is not wanted either.
            headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        }
        response
    }
}
