//! `POST /hooks/github`: takes what GitHub sends, if it is signed, and answers once it is kept.
//!
//! Nothing is parsed before the signature over the raw bytes is known to be right, and nothing is answered with 2xx that
//! would not survive a power cut. What is done about it is somebody else's business, later.

mod count;
mod refusal;

pub use count::{Counted, Counts};

use super::limits::Room;
use crate::{
    clock::{Clock, timeout},
    github::signature::{SIGNATURE_HEADER, Secrets, Signature},
    hearing::{Inbox, Repository},
    ids::DeliveryId,
    intake,
    store::{Kept, NewDelivery, Via},
};
use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::post,
};
use refusal::Refusal;
use std::{sync::Arc, time::Duration};
use tokio::sync::{Notify, watch};

const EVENT_HEADER: &str = "x-github-event";
const DELIVERY_HEADER: &str = "x-github-delivery";
/// Characters of an event's name; GitHub's longest has 37.
const LONGEST_EVENT: usize = 64;
/// How long a delivery may take from its headers to the disk: GitHub hangs up after ten seconds.
const PATIENCE: Duration = Duration::from_secs(9);

/// What the endpoint works with; clones share it.
#[derive(Debug, Clone)]
pub struct Hooks {
    /// What GitHub signs with at the moment; with none of them nothing is taken.
    pub secrets: watch::Receiver<Secrets>,
    /// Whose deliveries are kept as they are.
    pub repositories: Arc<Vec<Repository>>,
    /// Where they are kept.
    pub inbox: Inbox,
    /// Rings when one was.
    pub bell: Arc<Notify>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How many came, and what became of them.
    pub counts: Counts,
    /// How much is held at a time.
    pub room: Room,
}

/// The endpoint's route.
pub(super) fn routes(hooks: Hooks) -> Router {
    Router::new().route("/hooks/github", post(take)).with_state(hooks)
}

async fn take(State(hooks): State<Hooks>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let taken = timeout(&*hooks.clock, PATIENCE, hooks.keep(&head, body)).await;
    let (counted, answer) = match taken.unwrap_or(Err(Refusal::TooSlow)) {
        Ok((id, kept)) => told(&id, kept),
        Err(refusal) => (refusal.counted(), refusal.into_response()),
    };
    hooks.counts.count(counted);
    answer
}

fn told(id: &DeliveryId, kept: Kept) -> (Counted, Response) {
    let (counted, status, word) = match kept {
        Kept::New => (Counted::Kept, StatusCode::ACCEPTED, "new"),
        Kept::Known => (Counted::Known, StatusCode::OK, "known"),
    };
    let answer = Json(serde_json::json!({ "delivery": id, "kept": word }));
    (counted, (status, answer).into_response())
}

impl Hooks {
    async fn keep(&self, head: &Parts, body: Body) -> Result<(DeliveryId, Kept), Refusal> {
        if self.secrets.borrow().is_empty() {
            return Err(Refusal::NoSecret);
        }
        if !is_json(&head.headers) {
            return Err(Refusal::NotJson);
        }
        let signature = text(&head.headers, SIGNATURE_HEADER).and_then(Signature::read);
        let signature = signature.ok_or(Refusal::Unsigned)?;
        let held = self.room.read(&head.headers, body).await?;
        if !self.secrets.borrow().signed(&held.body, &signature) {
            return Err(Refusal::Unsigned);
        }
        let new = self.delivery(&head.headers, &held.body)?;
        let id = new.id.clone();
        let kept = self.inbox.keep(new).await?;
        if kept == Kept::New {
            self.bell.notify_one();
        }
        Ok((id, kept))
    }

    /// What is kept of a body that is known to be GitHub's.
    fn delivery(&self, headers: &HeaderMap, body: &[u8]) -> Result<NewDelivery, Refusal> {
        let id = text(headers, DELIVERY_HEADER).and_then(|id| id.parse().ok());
        let id = id.ok_or(Refusal::BadHeader(DELIVERY_HEADER))?;
        let event = text(headers, EVENT_HEADER).filter(|event| is_event(event));
        let event = event.ok_or(Refusal::BadHeader(EVENT_HEADER))?;
        let body = std::str::from_utf8(body).map_err(|_| Refusal::BadBody("it is not UTF-8"))?;
        if intake::is_too_deep(body) {
            return Err(Refusal::BadBody("it is nested too deep"));
        }
        let sender = intake::sender(body).map_err(|_| Refusal::BadBody("it is no JSON object"))?;
        let named = sender.repository.unwrap_or_default();
        let known = self
            .repositories
            .iter()
            .find(|known| known.github.as_ref().is_some_and(|github| github.is(&named)));
        let (repository, body) = match known {
            Some(known) if intake::EVENTS.contains(&event) => {
                (known.name.to_string(), body.to_owned())
            }
            // Nothing will follow from it, so its body is of no use.
            Some(known) => (known.name.to_string(), "{}".to_owned()),
            None => (named.chars().take(LONGEST_NAME).collect(), "{}".to_owned()),
        };
        Ok(NewDelivery { id, via: Via::Webhook, repository, event: event.to_owned(), body })
    }
}

/// Characters of the name of a repository that is not heard.
const LONGEST_NAME: usize = 140;

fn is_json(headers: &HeaderMap) -> bool {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

fn is_event(event: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=LONGEST_EVENT).contains(&event.len()) && event.chars().all(legal)
}

/// The one value of a header; two of a kind are none.
fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() { None } else { first.to_str().ok() }
}
