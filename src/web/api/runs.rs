//! Runs, looked at.

use super::{
    Answer, Api,
    input::{Asked, Named},
    models::{Run, RunDetail, RunPage},
    parts::parts,
    shapes::{OfRun, Refusal},
};
use crate::{
    dispatch::{Desk, DeskError},
    ids::{EnvName, RunId},
    logs::LogFolder,
    store::{Ended, RunFilter, RunRecord, Store},
    web::errors::{Kind, Problem},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Runs of a page if nothing is said.
const USUAL: u32 = 20;
/// Runs of a page at most.
const MOST: u32 = 200;

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Into this environment.
    #[param(value_type = Option<String>)]
    environment: Option<EnvName>,
    /// Of this branch.
    branch: Option<String>,
    /// Ended like this.
    #[param(inline)]
    outcome: Option<WantedOutcome>,
    /// Made before this one: `next` of the page before.
    #[param(value_type = Option<String>)]
    before: Option<RunId>,
    /// How many at most: 20 if absent.
    #[param(minimum = 1, maximum = 200)]
    most: Option<u32>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WantedOutcome {
    /// Not yet.
    Open,
    /// Well.
    Succeeded,
    /// A stage failed for good.
    Failed,
    /// The gate said no.
    GateRefused,
    /// A person stopped it.
    Cancelled,
}

impl From<WantedOutcome> for Ended {
    fn from(wanted: WantedOutcome) -> Self {
        match wanted {
            WantedOutcome::Open => Self::Open,
            WantedOutcome::Succeeded => Self::Succeeded,
            WantedOutcome::Failed => Self::Failed,
            WantedOutcome::GateRefused => Self::GateRefused,
            WantedOutcome::Cancelled => Self::Cancelled,
        }
    }
}

/// How many are meant, within `longest`.
pub(super) fn page_of(most: Option<u32>, usual: u32, longest: u32) -> Result<u32, Problem> {
    match most {
        None => Ok(usual),
        Some(most) if (1..=longest).contains(&most) => Ok(most),
        Some(most) => {
            Err(Problem::new(Kind::Invalid, format!("'most' is {most}, not from 1 to {longest}")))
        }
    }
}

/// Runs, newest first
#[utoipa::path(
    get, path = "/api/v1/runs", operation_id = "list_runs", tag = "runs", params(Wanted),
    responses((status = 200, description = "A page of runs", body = RunPage), Refusal)
)]
pub(super) async fn list(State(api): State<Api>, Asked(wanted): Asked<Wanted>) -> Answer<RunPage> {
    let most = page_of(wanted.most, USUAL, MOST)?;
    let filter = RunFilter {
        environment: wanted.environment,
        branch: wanted.branch,
        ended: wanted.outcome.map(Ended::from),
        before: wanted.before,
    };
    // One more than asked tells whether there is a next page.
    let mut runs = api.store.list_runs(&filter, most + 1).await?;
    let more = runs.len() > most as usize;
    runs.truncate(most as usize);
    let next = runs.last().filter(|_| more).map(|run| run.id.clone());
    Ok(Json(RunPage { runs: listed(&api.desk, &runs).await?, next }))
}

/// The runs, and where those that are open stand.
///
/// # Errors
/// The store failed.
pub async fn listed(desk: &Desk, runs: &[RunRecord]) -> Result<Vec<Run>, DeskError> {
    let mut standings = desk.standings(runs).await?;
    let run = |run: &RunRecord| Run { standing: standings.remove(&run.id), ..Run::from(run) };
    Ok(runs.iter().map(run).collect())
}

/// A run with its events and evidence
#[utoipa::path(
    get, path = "/api/v1/runs/{run}", operation_id = "show_run", tag = "runs",
    params(OfRun),
    responses((status = 200, description = "The run", body = RunDetail), Refusal)
)]
pub(super) async fn show(State(api): State<Api>, Named(run): Named<String>) -> Answer<RunDetail> {
    let record = find(&api, &run).await?;
    Ok(Json(detail(&api.store, &api.desk, &api.logs, record).await?))
}

/// Everything that is known of a run, by who keeps `logs`.
///
/// # Errors
/// The store failed.
pub async fn detail(
    store: &Store,
    desk: &Desk,
    logs: &LogFolder,
    run: RunRecord,
) -> Result<RunDetail, DeskError> {
    let mut standings = desk.standings(std::slice::from_ref(&run)).await?;
    let events = store.events(&run.id).await?;
    let evidence = store.all_evidence(&run.id).await?;
    let sayings = store.outbox(&run.id).await?;
    let log_parts = parts(store, logs, &run.id).await?;
    Ok(RunDetail {
        run: Run { standing: standings.remove(&run.id), ..Run::from(&run) },
        ask: run.ask,
        facts: run.facts,
        policy: run.policy,
        graph: run.pipeline,
        events,
        evidence: evidence.into_iter().collect(),
        sayings,
        log_parts,
    })
}

/// The run that a path names.
pub(super) async fn find(api: &Api, digits: &str) -> Result<RunRecord, Problem> {
    Ok(api.store.run_by_digits(digits).await?)
}
