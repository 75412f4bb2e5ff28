//! One request and its answer.

use super::{Class, Client, GithubError};
use crate::clock::timeout;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use octocrab::{OctoBody, Octocrab};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{error::Error, time::Duration};
use url::Url;

/// Longest wait for an answer; GitHub itself gives up after ten seconds.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(12);
/// Largest answer that is read: a delivery's payload may have 25 MB.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;

/// How rustls names a certificate of an authority that it does not know.
const UNKNOWN_ISSUER: &str = "UnknownIssuer";

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) method: Method,
    path: String,
    etag: Option<String>,
    body: Option<Value>,
}

/// What GitHub answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The content; null for 304.
    pub(super) body: Value,
    /// Its tag, for asking again.
    pub(super) etag: Option<String>,
    /// Is it what the tag stands for?
    pub(super) unchanged: bool,
    /// The cursor of the next page.
    pub(super) next: Option<String>,
}

impl Call {
    pub(super) fn get(operation: &'static str, segments: &[&str]) -> Self {
        Self { operation, method: Method::GET, path: path(segments), etag: None, body: None }
    }

    pub(super) fn post(operation: &'static str, segments: &[&str], body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(operation, segments) }
    }

    pub(super) fn patch(operation: &'static str, segments: &[&str], body: Value) -> Self {
        Self { method: Method::PATCH, ..Self::post(operation, segments, body) }
    }

    /// The same request with a query.
    pub(super) fn with(mut self, query: &[(&str, &str)]) -> Self {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query);
        self.path = format!("{}?{}", self.path, text.finish());
        self
    }

    /// The same request; the answer is empty if there is nothing but what this tag stands for.
    pub(super) fn unless(mut self, etag: Option<&str>) -> Self {
        self.etag = etag.map(str::to_owned);
        self
    }

    /// Does it change something?
    fn is_change(&self) -> bool {
        self.method != Method::GET
    }

    fn request(&self, token: Option<&str>) -> Result<Request<OctoBody>, GithubError> {
        let broken = |problem: &dyn std::fmt::Display| {
            GithubError::new(Class::Broken, self.operation, format!("a bad request: {problem}"))
        };
        let mut request = Request::builder().method(self.method.clone()).uri(&self.path);
        if let Some(etag) = &self.etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(token) = token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut bearer = bearer.map_err(|_| broken(&"the token is none"))?;
            bearer.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let body = match &self.body {
            None => OctoBody::empty(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                OctoBody::from(body.to_string())
            }
        };
        request.body(body).map_err(|error| broken(&error))
    }
}

impl Answer {
    /// The content as what it should be. What is there instead is not repeated.
    pub(super) fn read<T: DeserializeOwned>(
        self,
        operation: &'static str,
    ) -> Result<T, GithubError> {
        let broken = |_| GithubError::new(Class::Broken, operation, "the answer is not understood");
        serde_json::from_value(self.body).map_err(broken)
    }
}

impl Client {
    /// Asks once. A change waits for its turn; after a refusal for too many requests nothing is asked until it is over.
    pub(super) async fn ask(&self, crab: &Octocrab, call: &Call) -> Result<Answer, GithubError> {
        let turn = if call.is_change() { Some(self.pace.turn(&*self.clock).await) } else { None };
        let answer = self.ask_at_once(crab, call).await;
        if let Some(turn) = turn {
            turn.over(self.clock.now());
        }
        answer
    }

    async fn ask_at_once(&self, crab: &Octocrab, call: &Call) -> Result<Answer, GithubError> {
        let operation = call.operation;
        self.refuse_for_now(call)?;
        let token = self
            .token()
            .await
            .map_err(|error| GithubError::new(Class::Unauthorized, operation, error.to_string()))?;
        let asked = self.exchange(crab, call.request(token.as_deref())?);
        match timeout(&*self.clock, ANSWER_WITHIN, asked).await {
            Ok(Ok(answer)) => {
                self.silence.ends();
                self.judge(operation, answer)
            }
            Ok(Err(error)) => Err(self.failure(operation, error)),
            Err(late) => {
                self.silence.begins(self.clock.now());
                Err(GithubError::new(Class::Unreachable, operation, late.to_string()))
            }
        }
    }

    /// Refuses what is not to be asked at the moment.
    fn refuse_for_now(&self, call: &Call) -> Result<(), GithubError> {
        let now = self.clock.now();
        if let Some(until) = self.limits.blocked(now) {
            let message = format!("not asked before {until}");
            return Err(GithubError::new(Class::RateLimited { until }, call.operation, message));
        }
        if self.silence.is_left_alone(now) && !call.is_change() {
            let message = "it has not answered lately";
            return Err(GithubError::new(Class::Unreachable, call.operation, message));
        }
        Ok(())
    }

    async fn exchange(
        &self,
        crab: &Octocrab,
        request: Request<OctoBody>,
    ) -> Result<(http::response::Parts, Vec<u8>), Trouble> {
        let answer = crab.execute(request).await?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| Trouble::Body(root(&*error)))?;
        Ok((parts, body.to_bytes().to_vec()))
    }

    fn judge(
        &self,
        operation: &'static str,
        (parts, body): (http::response::Parts, Vec<u8>),
    ) -> Result<Answer, GithubError> {
        let text = |name: header::HeaderName| parts.headers.get(name)?.to_str().ok();
        let unchanged = parts.status == StatusCode::NOT_MODIFIED;
        let body = serde_json::from_slice(&body).ok();
        if !parts.status.is_success() && !unchanged {
            let body = body.unwrap_or_default();
            let answer = (parts.status, &parts.headers, &body);
            let error = GithubError::of_answer(operation, answer, self.clock.now());
            let until = match error.class {
                Class::RateLimited { until } => Some(until),
                _ => None,
            };
            self.limits.note(&parts.headers, until);
            return Err(error);
        }
        self.limits.note(&parts.headers, None);
        let empty = unchanged || parts.status != StatusCode::OK;
        let body = match body {
            Some(body) => body,
            None if empty => Value::Null,
            None => {
                return Err(GithubError::new(Class::Broken, operation, "no JSON in the answer"));
            }
        };
        let etag = text(header::ETAG).map(str::to_owned);
        let next = text(header::LINK).and_then(next_cursor);
        Ok(Answer { body, etag, unchanged, next })
    }

    /// A request that got no answer, or whose token could not be had.
    fn failure(&self, operation: &'static str, trouble: Trouble) -> GithubError {
        let unreachable = |text: String| GithubError::new(Class::Unreachable, operation, text);
        match trouble {
            Trouble::Body(problem) => unreachable(problem),
            Trouble::Octocrab(octocrab::Error::GitHub { source, .. }) => {
                let headers = source.headers.clone().unwrap_or_default();
                let body = serde_json::json!({ "message": source.message });
                let answer = (source.status_code, &headers, &body);
                GithubError::of_answer("get an installation's token", answer, self.clock.now())
            }
            Trouble::Octocrab(octocrab::Error::Service { source, .. }) => {
                unreachable(meaning(root(&*source)))
            }
            // Its words may repeat what was sent or answered.
            Trouble::Octocrab(_) => {
                GithubError::new(Class::Broken, operation, "the request or its answer is broken")
            }
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
enum Trouble {
    Octocrab(octocrab::Error),
    Body(String),
}

impl From<octocrab::Error> for Trouble {
    fn from(error: octocrab::Error) -> Self {
        Self::Octocrab(error)
    }
}

/// What went wrong in the end, such as `connection refused`.
fn root(mut error: &(dyn Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// The same, and what it means where the words of the library alone say it to few.
fn meaning(problem: String) -> String {
    if problem.contains(UNKNOWN_ISSUER) {
        format!("the server's certificate is signed by nobody who is trusted here ({problem})")
    } else {
        problem
    }
}

/// Every segment escaped; a branch's name comes as several.
fn path(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.extend(segment.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        }));
    }
    path
}

/// The cursor or number of the page that a `Link` header calls the next. Its address is not followed, only its query.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let (_, rest) = next.split_once('<')?;
    let url = Url::parse(rest.split_once('>')?.0).ok()?;
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(name, _)| name == "cursor" || name == "page")?;
    Some(found.1.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_and_pages_are_found() {
        let call = Call::get("look", &["repos", "o", "r", "git", "ref", "heads", "a b#?%", "ü"]);
        assert_eq!(call.path, "/repos/o/r/git/ref/heads/a%20b%23%3F%25/%C3%BC");
        let call = call.with(&[("ref", "a&b"), ("per_page", "100")]);
        assert!(call.path.ends_with("?ref=a%26b&per_page=100"));
        let link = r#"<https://api.github.com/x?page=1>; rel="prev", <https://api.github.com/x?per_page=9&cursor=v1_2>; rel="next""#;
        assert_eq!(next_cursor(link).as_deref(), Some("v1_2"));
        assert_eq!(next_cursor(r#"<https://a.b/x?page=1>; rel="prev""#), None);
    }

    #[test]
    fn a_request_shows_no_token() {
        let request = Call::get("look", &["user"]).request(Some("ghp_secret")).unwrap();
        assert!(!format!("{:?}", request.headers()).contains("secret"));
        assert!(Call::get("look", &["user"]).request(Some("a\nb")).is_err());
    }
}
