//! The audit log: by page, and whole.

use super::{Answer, Api, input::Asked, runs::page_of, shapes::Refusal};
use crate::{
    audit::Record,
    store::Store,
    web::{auth::Caller, errors::Problem},
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

/// Records of a page if nothing is said, and records that an export reads at once.
const USUAL: u32 = 100;
/// Records of a page at most.
const MOST: u32 = 1_000;

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// From this record on, in order; if absent, the newest ones, newest first.
    from: Option<u64>,
    /// How many at most: 100 if absent.
    #[param(minimum = 1, maximum = 1000)]
    most: Option<u32>,
}

/// Records of the audit log
///
/// Each with `seq`, `at`, `who`, `act`, `object`, `detail`, `previous` and `hash`.
#[utoipa::path(
    get, path = "/api/v1/audit", operation_id = "list_acts", tag = "audit", params(Wanted),
    responses((status = 200, description = "The records", body = Vec<Object>), Refusal)
)]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
) -> Answer<Vec<Record>> {
    let most = page_of(wanted.most, USUAL, MOST)?;
    Ok(Json(match wanted.from {
        Some(from) => api.store.acts(from, most).await?,
        None => api.store.newest_acts(most).await?,
    }))
}

/// The whole audit log, a record a line
///
/// That it was taken is kept in it, as its last record. Whoever keeps that record's hash can tell later whether
/// anything before it was changed.
#[utoipa::path(
    get, path = "/api/v1/audit/export", tag = "audit",
    responses((status = 200, description = "The records, one a line", body = String, content_type = "application/x-ndjson"), Refusal)
)]
pub(super) async fn export(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let act = crate::audit::Act {
        who: caller.who(),
        act: "export".to_owned(),
        object: "audit".to_owned(),
        detail: serde_json::json!({}),
    };
    let last = api.store.keep_act(act).await?.seq;
    let pages = stream::unfold(Some(1), move |from| page(api.store.clone(), from, last));
    let body = Body::from_stream(pages);
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// The lines from record `from` on up to record `last`, and where the next begin.
async fn page(
    store: Store,
    from: Option<u64>,
    last: u64,
) -> Option<(Result<Bytes, std::io::Error>, Option<u64>)> {
    let from = from.filter(|from| *from <= last)?;
    let lines = async {
        let records = store.acts(from, USUAL).await.map_err(std::io::Error::other)?;
        let records: Vec<_> = records.into_iter().filter(|record| record.seq <= last).collect();
        let next = records.last().map(|record| record.seq + 1);
        let mut lines = String::new();
        for record in &records {
            lines.push_str(&serde_json::to_string(record)?);
            lines.push('\n');
        }
        Ok((Bytes::from(lines), next))
    };
    Some(match lines.await {
        Ok((lines, next)) => (Ok(lines), next),
        // Breaking off tells the reader that it is not whole.
        Err(error) => (Err(error), None),
    })
}
