//! The agents that take runs.

use super::{Answer, Api, models::Agent};
use crate::web::errors::Problem;
use axum::{Json, extract::State};

/// The agents that take runs, in the order they began
#[utoipa::path(
    get, path = "/api/v1/agents", tag = "agents",
    responses((status = 200, body = Vec<Agent>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Vec<Agent>> {
    Ok(Json(api.store.agents().await?.iter().map(Agent::from).collect()))
}
