//! The agent's web face: where GitHub delivers, where people and programs ask, where machines look whether it lives.

pub mod hooks;
mod limits;
mod server;

pub use limits::{LARGEST_BODY, Room};
pub use server::serve;

use axum::{Router, routing::get};

/// What the web face works with. Each part brings its own routes.
#[derive(Debug, Clone)]
pub struct Web {
    /// Where GitHub delivers.
    pub hooks: hooks::Hooks,
}

/// All routes. What none of them names is 404, another method than theirs 405.
pub fn router(web: Web) -> Router {
    Router::new().route("/healthz", get(async || "ok\n")).merge(hooks::routes(web.hooks))
}
