//! What reached the agent, and what became of it.

use super::{Answer, Api, input::Asked, models::Delivery, runs::page_of};
use crate::web::errors::Problem;
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

/// Deliveries if nothing is said.
const USUAL: u32 = 50;
/// Deliveries at most.
const MOST: u32 = 1_000;

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// How many at most: 50 if absent.
    #[param(minimum = 1, maximum = 1000)]
    most: Option<u32>,
}

/// Deliveries with their verdicts, newest first
#[utoipa::path(
    get, path = "/api/v1/deliveries", tag = "deliveries", params(Wanted),
    responses((status = 200, body = Vec<Delivery>), (status = "4XX", body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Vec<Delivery>> {
    let deliveries = api.store.newest_deliveries(page_of(wanted.most, USUAL, MOST)?).await?;
    Ok(Json(deliveries.into_iter().map(Delivery::from).collect()))
}
