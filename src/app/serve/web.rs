//! The web face as a task.

use super::{Phase, Tools};
use crate::web::{self, Web};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use tokio::net::TcpListener;

/// Serves until nothing is under way any more.
pub(super) fn serve(
    listener: TcpListener,
    tools: &Tools,
) -> BoxFuture<'static, anyhow::Result<()>> {
    let phases = tools.phases.clone();
    let router = web::router(Web { store: tools.app.store.clone() });
    Box::pin(async move {
        let ended = async move { phases.reached(Phase::Ending).await };
        axum::serve(listener, router)
            .with_graceful_shutdown(ended)
            .await
            .context("serve the web face")
    })
}
