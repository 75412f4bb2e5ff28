//! The agent's web face: where GitHub delivers, where people and programs ask, where machines look whether it lives.

use crate::store::Store;
use axum::{Router, routing::get};

/// What the web face works with.
#[derive(Debug, Clone)]
pub struct Web {
    /// The agent's memory.
    pub store: Store,
}

/// All routes. Each of `web`'s files brings its own; what none of them names is 404.
pub fn router(_web: Web) -> Router {
    Router::new().route("/healthz", get(async || "ok\n"))
}
