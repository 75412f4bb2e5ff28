//! What reached the agent, and what became of it.

use super::{
    Answer, Api,
    input::{Asked, Body, Named},
    models::Delivery,
    runs::page_of,
    shapes::{Once, Refusal},
};
use crate::{
    ids::{BranchName, DeliveryId, Sha},
    web::{
        auth::Caller,
        errors::{Kind, Problem},
    },
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

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

/// What is to be run.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// The repository's name in the agent's settings; may be left out where there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The branch, which says where to.
    #[schema(value_type = String)]
    pub branch: BranchName,
    /// The commit; the branch's tip if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub commit: Option<Sha>,
}

/// Run a branch, as a push to it would
///
/// It is judged as a push is: what the default branch says decides where to, if anywhere. The answer is the delivery;
/// its verdict names the run, or says why there is none.
#[utoipa::path(
    post, path = "/api/v1/runs", tag = "orders", request_body = Start,
    params(Once),
    responses((status = 202, description = "The delivery, to be judged", body = Delivery), Refusal)
)]
pub(super) async fn start(
    State(api): State<Api>,
    caller: Caller,
    Body(start): Body<Start>,
) -> Result<(StatusCode, Json<Delivery>), Problem> {
    let repository = repository(&api, start.repository)?;
    let asked = (start.branch, start.commit);
    let id = api.desk.start(&caller.person(), &repository, asked).await?;
    api.arrived.notify_one();
    let Some(kept) = api.store.delivery(&id).await? else {
        return Err(Problem::new(Kind::Internal, "the delivery is gone"));
    };
    Ok((StatusCode::ACCEPTED, Json(Delivery::from(kept))))
}

fn repository(api: &Api, named: Option<String>) -> Result<String, Problem> {
    let known = api.repositories.join(", ");
    match (named, api.repositories.as_slice()) {
        (Some(named), all) if all.contains(&named) => Ok(named),
        (None, [only]) => Ok(only.clone()),
        (Some(named), _) => {
            Err(Problem::new(Kind::NotFound, format!("there is no repository '{named}' here"))
                .hint(format!("there are: {known}")))
        }
        (None, _) => Err(Problem::new(Kind::Invalid, "which repository is meant?")
            .hint(format!("there are: {known}"))),
    }
}

/// One delivery with its verdict
#[utoipa::path(
    get, path = "/api/v1/deliveries/{delivery}", operation_id = "show_delivery", tag = "deliveries",
    params(("delivery" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The delivery", body = Delivery), Refusal)
)]
pub(super) async fn show(
    State(api): State<Api>,
    Named(delivery): Named<DeliveryId>,
) -> Answer<Delivery> {
    let kept = api.store.delivery(&delivery).await?;
    let kept = kept.ok_or_else(|| {
        Problem::new(Kind::NotFound, format!("there is no delivery '{delivery}'"))
    })?;
    Ok(Json(Delivery::from(kept)))
}

/// Deliveries with their verdicts, newest first
#[utoipa::path(
    get, path = "/api/v1/deliveries", operation_id = "list_deliveries", tag = "deliveries", params(Wanted),
    responses((status = 200, description = "The deliveries, newest first", body = Vec<Delivery>), Refusal)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Vec<Delivery>> {
    let deliveries = api.store.newest_deliveries(page_of(wanted.most, USUAL, MOST)?).await?;
    Ok(Json(deliveries.into_iter().map(Delivery::from).collect()))
}
