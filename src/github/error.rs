//! What GitHub refuses, told apart as far as somebody decides by it.

use super::limits;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value;
use std::fmt::Write as _;

/// Characters of GitHub's own words that are passed on.
const MOST_WORDS: usize = 300;

/// A request that was not granted. Neither headers nor tokens are part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("GitHub, {operation}: {message}")]
pub struct GithubError {
    /// What kind of refusal.
    pub class: Class,
    /// What was asked for, in a few words.
    pub operation: &'static str,
    /// GitHub's own words, or what kept the request from reaching it.
    pub message: String,
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// There is none, or the agent may not see it.
    NotFound,
    /// There was one.
    Gone,
    /// It lives under another name; redirects are not followed.
    Moved,
    /// The credentials are not valid.
    Unauthorized,
    /// The credentials do not allow it.
    Forbidden,
    /// Too many requests; the next may be made then.
    RateLimited {
        /// When.
        until: Timestamp,
    },
    /// GitHub does not accept what was sent.
    Invalid,
    /// It contradicts what is there.
    Conflict,
    /// No answer, or one that says that GitHub itself failed: it may have been done or not.
    Unreachable,
    /// An answer that cannot be understood.
    Broken,
}

impl GithubError {
    pub(super) fn new(class: Class, operation: &'static str, message: impl Into<String>) -> Self {
        Self { class, operation, message: message.into() }
    }

    /// The refusal that an answer holds.
    pub(super) fn of_answer(
        operation: &'static str,
        (status, headers, body): (StatusCode, &HeaderMap, &Value),
        now: Timestamp,
    ) -> Self {
        let said = body.get("message").and_then(Value::as_str).unwrap_or_default();
        let mut message = format!("{}", status.as_u16());
        for words in [said, &details(body)] {
            if !words.is_empty() {
                let _ = write!(message, ", {}", words.chars().take(MOST_WORDS).collect::<String>());
            }
        }
        Self { class: class(status, headers, said, now), operation, message }
    }
}

/// What GitHub finds wrong with the fields of a request.
fn details(body: &Value) -> String {
    let of_field = |error: &Value| {
        let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
        match error.as_str() {
            Some(text) => text.to_owned(),
            None => [text("field"), text("code"), text("message")].join(" ").trim().to_owned(),
        }
    };
    let errors = body.get("errors").and_then(Value::as_array);
    errors.into_iter().flatten().map(of_field).collect::<Vec<_>>().join("; ")
}

fn class(status: StatusCode, headers: &HeaderMap, said: &str, now: Timestamp) -> Class {
    match status.as_u16() {
        401 => Class::Unauthorized,
        403 | 429 => match limits::blocked_until(status, headers, said, now) {
            Some(until) => Class::RateLimited { until },
            None => Class::Forbidden,
        },
        404 => Class::NotFound,
        410 => Class::Gone,
        409 => Class::Conflict,
        301 | 302 | 303 | 307 | 308 => Class::Moved,
        408 | 500..=599 => Class::Unreachable,
        400..=499 => Class::Invalid,
        _ => Class::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn error(status: u16, headers: &[(&'static str, &str)], body: &Value) -> GithubError {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        GithubError::of_answer("create a status", (status, &headers.collect(), body), now())
    }

    #[test]
    fn refusals_are_told_apart_by_status_and_headers() {
        let plain = |status| error(status, &[], &json!({})).class;
        assert_eq!(plain(401), Class::Unauthorized);
        assert_eq!(plain(403), Class::Forbidden);
        assert_eq!(plain(404), Class::NotFound);
        assert_eq!(plain(410), Class::Gone);
        assert_eq!(plain(422), Class::Invalid);
        assert_eq!(plain(502), Class::Unreachable);
        assert_eq!(plain(301), Class::Moved);
        let until = |text: &str| Class::RateLimited { until: text.parse().unwrap() };
        let after = error(403, &[("retry-after", "30")], &json!({}));
        assert_eq!(after.class, until("2026-01-01T00:00:30Z"));
        let reset = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767229200")];
        assert_eq!(error(403, &reset, &json!({})).class, until("2026-01-01T01:00:00Z"));
        assert_eq!(plain(429), until("2026-01-01T00:01:00Z"));
        let secondary = json!({"message": "You have exceeded a secondary rate limit."});
        assert_eq!(error(403, &[], &secondary).class, until("2026-01-01T00:01:00Z"));
    }

    #[test]
    fn what_github_finds_wrong_is_passed_on() {
        let body = json!({"message": "Validation Failed", "errors": [{"field": "sha", "code": "invalid"}, "No commit"]});
        let told = error(422, &[], &body).to_string();
        assert_eq!(told, "GitHub, create a status: 422, Validation Failed, sha invalid; No commit");
    }
}
