//! `Idempotency-Key`: a POST that comes twice under one key is done once, and answered the same both times.

use super::LARGEST_BODY;
use crate::{
    ids::Digest,
    store::{RequestClaim, RequestKey, Store},
    web::{
        auth::Caller,
        errors::{Kind, Problem},
    },
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::time::Duration;

/// The header that names the key.
pub(super) const HEADER: &str = "idempotency-key";
/// Longest key.
const LONGEST_KEY: usize = 128;
/// Largest answer that is remembered; what changes something answers little.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// What an answer that was remembered says of itself.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The layer.
pub(super) async fn once(State(store): State<Store>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    match (key(request.headers()), caller.map(Caller::who)) {
        (Ok(Some(key)), Some(who)) if request.method() == Method::POST => {
            answered(store, who, key, request, next).await.unwrap_or_else(Problem::into_response)
        }
        (Ok(_), _) => next.run(request).await,
        (Err(problem), _) => problem.into_response(),
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get(HEADER) else { return Ok(None) };
    let legal = key.to_str().ok().filter(|key| {
        !key.is_empty() && key.len() <= LONGEST_KEY && key.bytes().all(|b| b.is_ascii_graphic())
    });
    let refused = || {
        let detail = format!("an idempotency key is 1 to {LONGEST_KEY} printable characters");
        Problem::new(Kind::Invalid, detail)
    };
    legal.map(|key| Some(key.to_owned())).ok_or_else(refused)
}

async fn answered(
    store: Store,
    who: String,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await;
    let body = body.map_err(|_| Problem::new(Kind::TooLarge, "the body is too large"))?;
    let mut asked = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    asked.extend_from_slice(&body);
    let claimed = RequestKey { who, key, digest: Digest::of(asked) };
    match store.claim_request(&claimed).await? {
        RequestClaim::Yours => {
            let response = next.run(Request::from_parts(parts, Body::from(body))).await;
            remember(&store, &claimed, response).await
        }
        RequestClaim::Answered { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let json = HeaderValue::from_static("application/json");
            let replayed = HeaderValue::from_static("true");
            Ok((status, [(CONTENT_TYPE, json), (REPLAYED, replayed)], body).into_response())
        }
        RequestClaim::UnderWay => {
            Err(Problem::new(Kind::Conflict, "a request with this idempotency key is under way")
                .retry_after(Duration::from_secs(1)))
        }
        RequestClaim::Another => {
            Err(Problem::new(Kind::KeyReused, "this idempotency key was used for another request"))
        }
    }
}

/// Keeps what was done. What was refused did nothing and may be asked again.
async fn remember(
    store: &Store,
    claimed: &RequestKey,
    response: Response,
) -> Result<Response, Problem> {
    if !response.status().is_success() {
        store.forget_request(claimed).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body: Bytes = to_bytes(body, LARGEST_ANSWER)
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the answer is too large to be remembered"))?;
    let text = String::from_utf8_lossy(&body);
    store.answer_request(claimed, parts.status.as_u16(), &text).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}
