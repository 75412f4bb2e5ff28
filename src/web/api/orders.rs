//! Orders about runs: what people do at the desk, from elsewhere.

use super::{
    Answer, Api,
    input::{Body, Named},
    models::Run,
    runs::find,
    shapes::{OfRun, Once, Refusal},
};
use crate::{
    dispatch::{Accepted, Cancelling},
    flow::{Outcome, Stop},
    ids::{PlanDigits, RunId, StageName},
    web::{auth::Caller, errors::Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A yes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The plan that was looked at: the first 12 digits of its hash, or more. If another one is asked about by now, the
    /// answer is refused; absent, it counts for whichever that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<PlanDigits>,
    /// A remark that is kept with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A no.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// The plan that was looked at, as for a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub plan: Option<PlanDigits>,
    /// Why.
    pub reason: String,
}

/// How a run is stopped.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancellation {
    /// `gentle`, so that its stages can end by themselves and tidy up, or `forced`.
    #[schema(value_type = String)]
    pub stop: Stop,
}

/// What is run again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// Begin at this stage, with what the stages before it left; the whole run if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub from: Option<StageName>,
}

/// Nothing more is said.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Plainly {}

/// What a rejection led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rejected {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// How it ended; null if an agent has to tidy up first.
    #[schema(value_type = Option<Object>)]
    pub outcome: Option<Outcome>,
}

/// What a cancel has led to so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cancelled {
    /// The run.
    #[schema(value_type = String)]
    pub run: RunId,
    /// `told`, `waits`, or an object `over` with the outcome.
    #[schema(value_type = Value)]
    pub cancel: Cancelling,
}

/// Approve what a run asks about: exactly the plan that it has shown
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/approve", tag = "orders", request_body = Approval,
    params(OfRun, Once),
    responses((status = 200, description = "The answers so far, and how many are needed", body = Object), Refusal)
)]
pub(super) async fn approve(
    State(api): State<Api>,
    caller: Caller,
    Named(run): Named<String>,
    Body(order): Body<Approval>,
) -> Answer<Accepted> {
    let run = find(&api, &run).await?.id;
    let accepted = api
        .desk
        .approve(&caller.person(), (&run, order.plan.as_ref()), order.comment.as_deref())
        .await?;
    api.nudge.notify_one();
    Ok(Json(accepted))
}

/// Reject what a run asks about, which ends it
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/reject", tag = "orders", request_body = Rejection,
    params(OfRun, Once),
    responses((status = 200, description = "The run, and how it ended", body = Rejected), Refusal)
)]
pub(super) async fn reject(
    State(api): State<Api>,
    caller: Caller,
    Named(run): Named<String>,
    Body(order): Body<Rejection>,
) -> Answer<Rejected> {
    let run = find(&api, &run).await?.id;
    api.desk.reject(&caller.person(), (&run, order.plan.as_ref()), &order.reason).await?;
    api.nudge.notify_one();
    let outcome = api.store.run(&run).await?.outcome;
    Ok(Json(Rejected { run, outcome }))
}

/// Stop a run that waits or runs, whichever agent drives it
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/cancel", tag = "orders", request_body = Cancellation,
    params(OfRun, Once),
    responses((status = 200, description = "What the order led to so far", body = Cancelled), Refusal)
)]
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    Named(run): Named<String>,
    Body(order): Body<Cancellation>,
) -> Answer<Cancelled> {
    let run = find(&api, &run).await?.id;
    let cancel = api.desk.cancel(&caller.person(), &run, order.stop).await?;
    api.nudge.notify_one();
    Ok(Json(Cancelled { run, cancel }))
}

/// Run the commit of an ended run once more, whole or from a stage on
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/retry", tag = "orders", request_body = Again,
    params(OfRun, Once),
    responses((status = 201, description = "The new run", body = Run), Refusal)
)]
pub(super) async fn retry(
    State(api): State<Api>,
    caller: Caller,
    Named(run): Named<String>,
    Body(order): Body<Again>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    let run = find(&api, &run).await?.id;
    let made = match &order.from {
        None => api.desk.retry(&caller.person(), &run).await?,
        Some(stage) => api.desk.retry_from(&caller.person(), &run, stage).await?,
    };
    api.nudge.notify_one();
    Ok((StatusCode::CREATED, Json(Run::from(&made))))
}

/// Deploy once more what a run has deployed: nothing is trained or judged again
#[utoipa::path(
    post, path = "/api/v1/runs/{run}/redeploy", tag = "orders", request_body = Plainly,
    params(OfRun, Once),
    responses((status = 201, description = "The new run", body = Run), Refusal)
)]
pub(super) async fn redeploy(
    State(api): State<Api>,
    caller: Caller,
    Named(run): Named<String>,
    Body(_plainly): Body<Plainly>,
) -> Result<(StatusCode, Json<Run>), Problem> {
    let run = find(&api, &run).await?.id;
    let made = api.desk.redeploy(&caller.person(), &run).await?;
    api.nudge.notify_one();
    Ok((StatusCode::CREATED, Json(Run::from(&made))))
}
