//! What many routes take or answer alike, for the document.

use crate::web::errors::{PROBLEM, Problem};
use std::collections::BTreeMap;
use utoipa::{
    IntoParams, IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

/// The run of a path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its shape is wanted, for the document")]
pub(super) struct OfRun {
    /// The run's id, or the last digits of it.
    run: String,
}

/// The environment of a path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its shape is wanted, for the document")]
pub(super) struct OfEnvironment {
    /// The environment's name.
    environment: String,
}

/// What makes an order happen once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its shape is wanted, for the document")]
pub(super) struct Once {
    /// Does it once, however often it is sent within a day.
    #[param(rename = "Idempotency-Key")]
    key: Option<String>,
}

/// Any refusal: a [`Problem`].
#[derive(Debug)]
pub(in crate::web) struct Refusal;

impl IntoResponses for Refusal {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
        let refused = ResponseBuilder::new()
            .description("It is not done: the kind says why for programs, the detail for people")
            .content(PROBLEM, problem.build());
        BTreeMap::from([("4XX".to_owned(), refused.into())])
    }
}

/// The schema that [`Refusal`] names, with those that it names in turn.
pub(in crate::web) fn of_refusal() -> Vec<(String, RefOr<utoipa::openapi::Schema>)> {
    use utoipa::{PartialSchema as _, ToSchema as _};
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    schemas
}
