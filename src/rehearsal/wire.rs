//! From an HTTP request to a call and back, one transaction each.

pub(super) mod answer;
pub(super) mod incoming;
mod json;
mod query;
pub(super) mod xml;

use super::{
    Call, Place, Principal, Rehearsal, ServiceError, Shelf,
    aside::Aside,
    call::Ground,
    endpoint::Endpoint,
    principal::Unrecognised,
    sagemaker::{self, Work},
    tick, time, transaction,
};
use answer::Answer;
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use incoming::Incoming;
use serde_json::Value;

/// Why a request has no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoCaller {
    /// No credentials came with it.
    Missing,
    /// The credentials name nobody.
    Unrecognised(Unrecognised),
}

/// How an endpoint spells requests, answers and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// `X-Amz-Target` and a JSON body.
    Json,
    /// A form with an `Action`, answered in XML.
    Query,
    /// Paths and JSON.
    RestJson,
    /// Paths, headers and XML.
    RestXml,
}

pub(super) fn router(rehearsal: Rehearsal) -> axum::Router {
    axum::Router::new().fallback(answer).with_state(rehearsal)
}

async fn answer(State(rehearsal): State<Rehearsal>, request: Request) -> Response {
    let id = rehearsal.request_id();
    let incoming = match Incoming::read(request).await {
        Ok(incoming) => incoming,
        Err(error) => return fail(Wire::RestXml, &error, &id).into_response(&id),
    };
    let wire = Endpoint::of(&incoming).map_or_else(|_| incoming.likely_wire(), Endpoint::wire);
    let answer = match perform(&rehearsal, &incoming, &id).await {
        Ok(answer) => answer,
        Err(error) => fail(wire, &error, &id),
    };
    let answer = answer.header("date", &time::http(rehearsal.now()));
    if incoming.method == http::Method::HEAD { answer.without_body() } else { answer }
        .into_response(&id)
}

/// The request; where it looks at a job at work whose command nobody runs, that is run to its end, and the request is done
/// once more.
async fn perform(
    rehearsal: &Rehearsal,
    incoming: &Incoming,
    id: &str,
) -> Result<Answer, ServiceError> {
    let (answer, looked_at) = transacted(rehearsal, incoming, id).await?;
    let Some(work) = looked_at else { return Ok(answer) };
    Box::pin(sagemaker::run_command(rehearsal, &work)).await?;
    Ok(transacted(rehearsal, incoming, id).await?.0)
}

/// What is due first, then the whole request in one transaction, committed only if it succeeds. Jobs that take their time
/// are run between two tries of it.
async fn transacted(
    rehearsal: &Rehearsal,
    incoming: &Incoming,
    id: &str,
) -> Result<(Answer, Option<Work>), ServiceError> {
    let mut aside = Aside::of(rehearsal);
    loop {
        let answer = tried((rehearsal, &aside), incoming, id).await;
        if !aside.run().await? {
            return answer;
        }
    }
}

async fn tried(
    (rehearsal, aside): (&Rehearsal, &Aside<'_>),
    incoming: &Incoming,
    id: &str,
) -> Result<(Answer, Option<Work>), ServiceError> {
    let endpoint = Endpoint::of(incoming)?;
    let mut connection = rehearsal.inside.connection.lock().await;
    tick::catch_up(rehearsal, &mut connection).await;
    let mut transaction = transaction::begin(&mut connection).await?;
    let answer = {
        let shelf = Shelf::new(&mut transaction);
        Box::pin(dispatch(aside.ground(), endpoint, incoming, (shelf, id))).await
    };
    match answer {
        Ok(answer) if !aside.is_wanting() => {
            transaction.commit().await.map_err(ServiceError::internal)?;
            Ok(answer)
        }
        given_up => {
            transaction.rollback().await.map_err(ServiceError::internal)?;
            given_up
        }
    }
}

async fn dispatch(
    ground: Ground<'_>,
    endpoint: Endpoint,
    incoming: &Incoming,
    (mut shelf, id): (Shelf<'_>, &str),
) -> Result<(Answer, Option<Work>), ServiceError> {
    let credential =
        incoming.credential.as_ref().ok_or_else(|| endpoint.no_caller(NoCaller::Missing))?;
    let token = incoming.token.as_deref();
    let principal = Principal::of_key(&mut shelf, &credential.key, token, ground.now)
        .await?
        .map_err(|why| endpoint.no_caller(NoCaller::Unrecognised(why)))?;
    let (operation, body) = endpoint.read(incoming)?;
    let mut call = Call {
        place: Place { account: principal.account(), region: credential.region.clone() },
        principal,
        operation,
        body,
        now: ground.now,
        landscape: ground.landscape,
        manners: ground.manners,
        containers: ground.containers,
        commands: ground.commands,
        looked_at: None,
        shelf,
    };
    let answer = endpoint.handle(&mut call, incoming, id).await;
    Ok((answer.map_err(|error| endpoint.spell(error))?, call.looked_at))
}

/// The input of a call on `wire`: operation and body. REST services read their paths themselves.
pub(super) fn read(wire: Wire, incoming: &Incoming) -> Result<(String, Value), ServiceError> {
    match wire {
        Wire::Json => json::read(incoming),
        Wire::Query => query::read(incoming),
        Wire::RestJson | Wire::RestXml => Ok((String::new(), Value::Null)),
    }
}

/// The JSON body of a REST request.
pub(super) fn json_body(incoming: &Incoming) -> Result<Value, ServiceError> {
    json::body(incoming)
}

/// The JSON answer to a REST request.
pub(super) fn write_json(status: StatusCode, output: &Value) -> Answer {
    json::write(json::REST_JSON, status, output)
}

/// The answer to a call on the awsJson wire.
pub(super) fn write_aws_json(output: &Value) -> Answer {
    json::write(json::AWS_JSON, StatusCode::OK, output)
}

/// The answer to a call on the query wire.
pub(super) fn write_query(operation: &str, output: &Value, id: &str) -> Answer {
    query::write(operation, output, id)
}

fn fail(wire: Wire, error: &ServiceError, id: &str) -> Answer {
    match wire {
        Wire::Json => json::fail(json::AWS_JSON, error),
        Wire::RestJson => json::fail(json::REST_JSON, error),
        Wire::Query => query::fail(error, id),
        Wire::RestXml => xml::fail(error, id),
    }
}
