//! What the API answers when it does not do what was asked: a problem document (RFC 9457) with a kind for programs, a
//! sentence for people and, where there is one, what to do about it.

use crate::{dispatch::DeskError, ids::StageName, store::StoreError};
use axum::{
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The media type of a problem.
pub const PROBLEM: &str = "application/problem+json";

/// What kind of problem, as far as a program would act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// No token, or a wrong one.
    Unauthenticated,
    /// The token has not the role.
    Forbidden,
    /// There is no such path, run, stage or environment.
    NotFound,
    /// The request is not what the document describes.
    Invalid,
    /// The body is larger than is read.
    TooLarge,
    /// The body is no JSON.
    UnsupportedType,
    /// It cannot be done as things stand.
    Conflict,
    /// The same idempotency key came with another request.
    KeyReused,
    /// Too many requests of this sort.
    TooMany,
    /// Not now; later perhaps.
    Unavailable,
    /// The agent failed.
    Internal,
}

/// A problem document.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error,
)]
#[error("{detail}")]
pub struct Problem {
    /// The HTTP status again.
    pub status: u16,
    /// The status in words.
    pub title: String,
    /// What kind of problem.
    pub kind: Kind,
    /// What is wrong, one sentence without a full stop.
    pub detail: String,
    /// What can be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip)]
    wait: Option<u64>,
}

impl Kind {
    fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Conflict => StatusCode::CONFLICT,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Problem {
    /// A problem without a hint.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let status = kind.status();
        Self {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or_default().to_owned(),
            kind,
            detail: detail.into(),
            hint: None,
            wait: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same, to be tried again after this time.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { wait: Some(wait.as_secs().max(1)), ..self }
    }

    /// Nothing is at this address.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(Kind::NotFound, "there is nothing here").hint("see /api/v1/openapi.json")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if self.kind == Kind::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"agent\""));
        }
        if let Some(wait) = self.wait {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchRun(_) => {
                Self::new(Kind::NotFound, error.to_string()).hint("GET /api/v1/runs lists them")
            }
            StoreError::AmbiguousRun(_) => Self::new(Kind::Invalid, error.to_string())
                .hint("give more digits of the run's id, or all of them"),
            // What the database says may quote what it holds.
            StoreError::Newer { .. }
            | StoreError::LeaseHeld { .. }
            | StoreError::LeaseLost(_)
            | StoreError::LeaseUncertain { .. }
            | StoreError::Watched { .. }
            | StoreError::WatchLost(_)
            | StoreError::OutboxLost
            | StoreError::Corrupt { .. }
            | StoreError::Owner(_)
            | StoreError::Database(_) => Self::new(Kind::Internal, "the agent's store failed"),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let told = error.to_string();
        match error {
            DeskError::Store(error) => error.into(),
            DeskError::Engine(_) => Self::new(Kind::Internal, "the run's record cannot be read"),
            DeskError::NotEntitled { .. } => Self::new(Kind::Forbidden, told).hint(
                "`approval` in the environment's file on the default branch names who may; a token acts under its own name",
            ),
            DeskError::NoSuchStage { known, .. } => {
                let known: Vec<&str> = known.iter().map(StageName::as_str).collect();
                Self::new(Kind::NotFound, told).hint(format!("its stages: {}", known.join(", ")))
            }
            DeskError::NoTime => Self::new(Kind::Invalid, told).hint("name a moment to come"),
            DeskError::NoReason => Self::new(Kind::Invalid, told).hint("say why"),
            DeskError::NobodyAsked { .. } | DeskError::TooLate | DeskError::OtherPlan { .. } => {
                Self::new(Kind::Conflict, told).hint("GET /api/v1/approvals lists what waits")
            }
            DeskError::Over { .. } => Self::new(Kind::Conflict, told).hint("retry it"),
            DeskError::Open { .. } => Self::new(Kind::Conflict, told).hint("cancel it, or wait"),
            DeskError::LockedBefore(_) => {
                Self::new(Kind::Conflict, told).hint("unlock it first")
            }
            DeskError::AnsweredBefore { .. }
            | DeskError::Enough
            | DeskError::NeverSucceeded { .. }
            | DeskError::NotDeployed { .. }
            | DeskError::NotLocked(_) => Self::new(Kind::Conflict, told),
        }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Kind::TooLarge, "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::new(Kind::UnsupportedType, "the body is to be JSON")
                    .hint("send the header 'Content-Type: application/json'")
            }
            _ => Self::new(Kind::Invalid, "the body is not what the document describes")
                .hint(rejection.body_text()),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Kind::Invalid, "the query is not what the document describes")
            .hint(rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(Kind::NotFound, "the path names nothing that could be")
            .hint(rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Digest;

    #[test]
    fn whoever_looked_at_another_plan_is_told_where_to_find_what_is_asked() {
        let problem = Problem::from(DeskError::OtherPlan { now: Digest::of("plan") });
        assert_eq!(problem.kind, Kind::Conflict);
        assert_eq!(problem.hint.as_deref(), Some("GET /api/v1/approvals lists what waits"));
    }
}
