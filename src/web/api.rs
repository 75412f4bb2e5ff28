//! The API: everything the command line does from elsewhere, as JSON over HTTP under `/api/v1`.
//!
//! What a route needs stands in [`auth::NEEDS`](super::auth::NEEDS), what it takes and answers in the document that is
//! made from the same declarations as the routes. Whatever changes something is kept in the audit log.

mod about;
mod acts;
mod agents;
mod deliveries;
mod input;
mod logs;
mod models;
mod once;
mod parts;
mod orders;
mod places;
mod runs;
mod shapes;
mod signposts;

pub use deliveries::Start;
pub use models::{Agent, Delivery, LogPage, LogPart, Run, RunDetail, RunPage, Version};
pub use orders::{Again, Approval, Cancellation, Cancelled, Plainly, Rejected, Rejection};
pub use parts::parts;
pub use places::{InLine, Locking, Place};
pub use runs::{detail, listed};
pub(super) use shapes::{Refusal, of_refusal};

use super::{
    auth::{self, Gate},
    errors::Problem,
    health,
    metrics::{self, Metrics},
};
use crate::{clock::Clock, dispatch::Desk, logs::LogFolder, store::Store};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue},
    middleware::{self, Next},
    response::Response,
};
use std::sync::Arc;
use tokio::sync::{Notify, Semaphore};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Where the routes begin.
pub const BASE: &str = "/api/v1";
/// Largest body of a request: what people say about a run is short.
pub const LARGEST_BODY: usize = 64 * 1024;
/// Logs that are followed at once.
const MOST_FOLLOWERS: usize = 64;
/// What every answer says to browsers, which have no business here.
const HEADERS: [(&str, &str); 4] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// How far the agent's end has come, as callers feel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// It works.
    Serving,
    /// It begins nothing new.
    Draining,
    /// It is about to close.
    Ending,
}

/// Tells how far the agent's end has come.
pub type TellLifecycle = Arc<dyn Fn() -> Lifecycle + Send + Sync>;

/// What the routes work with.
#[derive(Clone)]
pub struct Api {
    /// The agent's memory.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Where log lines are kept.
    pub logs: LogFolder,
    /// How far the agent's end has come.
    pub lifecycle: TellLifecycle,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// Rings when somebody gave an order about a run.
    pub nudge: Arc<Notify>,
    /// Rings when somebody asked for a run.
    pub arrived: Arc<Notify>,
    /// What the settings call the repositories.
    pub repositories: Arc<Vec<String>>,
    /// Takes orders.
    desk: Desk,
    followers: Arc<Semaphore>,
}

impl Api {
    /// The API over this store and these logs.
    #[must_use]
    pub fn new(
        store: Store,
        (clock, lifecycle): (Arc<dyn Clock>, TellLifecycle),
        logs: LogFolder,
        metrics: Arc<Metrics>,
    ) -> Self {
        let followers = Arc::new(Semaphore::new(MOST_FOLLOWERS));
        let desk = Desk::new(store.clone(), clock.clone());
        let (nudge, arrived, repositories) = (Arc::default(), Arc::default(), Arc::default());
        Self {
            store,
            clock,
            logs,
            lifecycle,
            metrics,
            nudge,
            arrived,
            repositories,
            desk,
            followers,
        }
    }
}

/// Every route with its declaration.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(super::openapi::head())
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(metrics::metrics))
        .routes(routes!(about::version))
        .routes(routes!(about::openapi))
        .routes(routes!(runs::list, deliveries::start))
        .routes(routes!(runs::show))
        .routes(routes!(logs::page))
        .routes(routes!(logs::stream))
        .routes(routes!(orders::approve))
        .routes(routes!(orders::reject))
        .routes(routes!(orders::cancel))
        .routes(routes!(orders::retry))
        .routes(routes!(orders::redeploy))
        .routes(routes!(places::queue))
        .routes(routes!(places::approvals))
        .routes(routes!(places::environments))
        .routes(routes!(places::lock))
        .routes(routes!(places::unlock))
        .routes(routes!(agents::list))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(signposts::run))
        .routes(routes!(signposts::environment))
        .routes(routes!(acts::list))
        .routes(routes!(acts::export))
}

/// The routes behind their gate.
pub fn router(api: Api, gate: Arc<Gate>) -> Router {
    let (router, _) = routes().split_for_parts();
    let once = middleware::from_fn_with_state(api.store.clone(), once::once);
    router
        .with_state(api)
        .layer(once)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(gate, auth::admit))
        .layer(middleware::from_fn(harden))
}

/// Puts on every answer what browsers should know.
async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What a handler answers.
type Answer<T> = Result<axum::Json<T>, Problem>;
