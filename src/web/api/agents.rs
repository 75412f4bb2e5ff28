//! The agents that take runs.

use super::{Answer, Api, models::Agent, shapes::Refusal};
use axum::{Json, extract::State};

/// The agents that take runs, in the order they began
#[utoipa::path(
    get, path = "/api/v1/agents", operation_id = "list_agents", tag = "agents",
    responses((status = 200, description = "The agents", body = Vec<Agent>), Refusal)
)]
pub(super) async fn list(State(api): State<Api>) -> Answer<Vec<Agent>> {
    Ok(Json(api.store.agents().await?.iter().map(Agent::from).collect()))
}
