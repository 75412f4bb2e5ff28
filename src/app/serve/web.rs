//! The web face as a task.

use super::{Phase, Tools, observing::Observed};
use crate::{
    github::signature::Secrets,
    hearing::Inbox,
    web::{self, Room, Web, hooks::Hooks},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use tokio::{net::TcpListener, sync::watch};

/// Serves until nothing is under way any more, and keeps what is delivered.
pub(super) fn serve(
    listener: TcpListener,
    tools: &Tools,
    secrets: watch::Receiver<Secrets>,
    observed: &Observed,
) -> BoxFuture<'static, anyhow::Result<()>> {
    let inbox = Inbox::new(tools.app.store.clone());
    let router = web::router(Web {
        api: observed.api.clone(),
        gate: observed.gate.clone(),
        hooks: Hooks {
            secrets,
            repositories: Arc::new(tools.settings.repositories.clone()),
            inbox: inbox.clone(),
            bell: tools.bells.deliveries.clone(),
            clock: tools.app.clock.clone(),
            counts: observed.api.metrics.webhooks.clone(),
            room: Room::default(),
        },
    });
    let (phases, clock) = (tools.phases.clone(), tools.app.clock.clone());
    Box::pin(async move {
        let ended = async move { phases.reached(Phase::Ending).await };
        tokio::select! {
            served = web::serve(listener, router, clock, ended) => served.context("serve the web face"),
            never = inbox.write() => match never {},
        }
    })
}
