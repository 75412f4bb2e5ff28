//! The agent's web face: where GitHub delivers, where people and programs ask, where machines look whether it lives.

pub mod api;
pub mod auth;
pub mod errors;
pub mod health;
pub mod hooks;
mod limits;
pub mod metrics;
pub mod openapi;
mod peer;
mod server;

pub use limits::{LARGEST_BODY, Room};
pub use peer::Peer;
pub use server::serve;

use axum::Router;
use std::sync::Arc;

/// What the web face works with. Each part brings its own routes.
#[derive(Clone)]
pub struct Web {
    /// Where GitHub delivers.
    pub hooks: hooks::Hooks,
    /// Where people and programs ask, and machines look.
    pub api: api::Api,
    /// What stands before the API.
    pub gate: Arc<auth::Gate>,
}

/// All routes. What none of them names is 404.
pub fn router(web: Web) -> Router {
    hooks::routes(web.hooks).merge(api::router(web.api, web.gate))
}
