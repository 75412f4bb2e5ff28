//! Environments and what waits for them: the queue, who is asked, locks.

use super::{
    Answer, Api,
    input::{Body, Named},
    models::Run,
    shapes::{OfEnvironment, Once, Refusal},
};
use crate::{
    dispatch::{Stand, Standing},
    flow::Request,
    ids::EnvName,
    queue::Hold,
    web::{auth::Caller, errors::Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An open run in line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InLine {
    /// The run.
    pub run: Run,
    /// Where it stands: an object with `standing` and, for one that waits, `why`.
    #[schema(value_type = Object)]
    pub standing: Standing,
    /// What people are asked about it: `plan`, `changes`, `required`, `approvers`, `until`.
    #[schema(value_type = Option<Object>)]
    pub asks: Option<Request>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Its name.
    #[schema(value_type = String)]
    pub environment: EnvName,
    /// Who has locked it, why and until when, if anybody has.
    #[schema(value_type = Option<Object>)]
    pub lock: Option<Hold>,
}

/// A lock.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Locking {
    /// Why; whoever waits is told.
    pub reason: String,
    /// Until when; until it is unlocked if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

impl From<Stand> for InLine {
    fn from(stand: Stand) -> Self {
        Self { run: Run::from(&stand.run), standing: stand.standing, asks: stand.request }
    }
}

/// The runs that have not ended, in the order they came, and why those that wait do
#[utoipa::path(
    get, path = "/api/v1/queue", tag = "environments",
    responses((status = 200, description = "The open runs", body = Vec<InLine>), Refusal)
)]
pub(super) async fn queue(State(api): State<Api>) -> Answer<Vec<InLine>> {
    Ok(Json(api.desk.queue().await?.into_iter().map(InLine::from).collect()))
}

/// The runs about which people are asked
#[utoipa::path(
    get, path = "/api/v1/approvals", tag = "environments",
    responses((status = 200, description = "The runs about which people are asked", body = Vec<InLine>), Refusal)
)]
pub(super) async fn approvals(State(api): State<Api>) -> Answer<Vec<InLine>> {
    let line = api.desk.queue().await?.into_iter();
    Ok(Json(line.filter(|stand| stand.request.is_some()).map(InLine::from).collect()))
}

/// The environments that runs were made for or that are locked
#[utoipa::path(
    get, path = "/api/v1/environments", tag = "environments",
    responses((status = 200, description = "The environments", body = Vec<Place>), Refusal)
)]
pub(super) async fn environments(State(api): State<Api>) -> Answer<Vec<Place>> {
    let mut locks = api.desk.locks().await?;
    let mut names = api.store.environments().await?;
    names.extend(locks.iter().map(|lock| lock.environment.clone()));
    names.sort();
    names.dedup();
    let place = |environment: EnvName| {
        let lock = locks.iter().position(|lock| lock.environment == environment);
        Place { environment, lock: lock.map(|lock| locks.swap_remove(lock)) }
    };
    Ok(Json(names.into_iter().map(place).collect()))
}

/// Lock an environment: no run begins to work there until it is unlocked
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/lock", tag = "environments", request_body = Locking,
    params(OfEnvironment, Once),
    responses((status = 201, description = "The lock", body = Object), Refusal)
)]
pub(super) async fn lock(
    State(api): State<Api>,
    caller: Caller,
    Named(environment): Named<EnvName>,
    Body(order): Body<Locking>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let person = caller.person();
    let hold = api.desk.lock(&person, &environment, &order.reason, order.until).await?;
    api.nudge.notify_one();
    Ok((StatusCode::CREATED, Json(hold)))
}

/// Unlock an environment; answers the lock that it had
#[utoipa::path(
    post, path = "/api/v1/environments/{environment}/unlock", tag = "environments", request_body = super::orders::Plainly,
    params(OfEnvironment, Once),
    responses((status = 200, description = "The lock that it had", body = Object), Refusal)
)]
pub(super) async fn unlock(
    State(api): State<Api>,
    caller: Caller,
    Named(environment): Named<EnvName>,
    Body(_plainly): Body<super::orders::Plainly>,
) -> Answer<Hold> {
    let hold = api.desk.unlock(&caller.person(), &environment).await?;
    api.nudge.notify_one();
    Ok(Json(hold))
}
