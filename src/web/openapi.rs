//! The document that describes the API (OpenAPI 3.1), made from the declarations of the routes themselves.

use super::api;
use serde_json::Value;
use utoipa::openapi::{
    ComponentsBuilder, Info, License, OpenApi, OpenApiBuilder, SecurityRequirement,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

const ABOUT: &str = "Everything that the command line does from elsewhere. Each request shows a token \
(Authorization: Bearer TOKEN) whose roles allow it: viewer reads; operator starts, cancels and repeats runs and locks \
environments; approver approves and rejects; admin does everything. What is refused is told as a problem document \
(RFC 9457). A POST with the header Idempotency-Key is done once, however often it is sent within a day.";

/// The document without its paths.
pub(super) fn head() -> OpenApi {
    let mut info = Info::new("Relevo", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    bearer = bearer.description(Some("agent token new --role ROLE --name NAME"));
    let scheme = SecurityScheme::Http(bearer.build());
    let components = ComponentsBuilder::new()
        .schemas_from_iter(api::of_refusal())
        .security_scheme("token", scheme)
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new("token", [""; 0])]))
        .build()
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let document = api::routes().into_openapi();
    // Made of texts and numbers only: there is nothing that could not be written.
    serde_json::to_value(document).unwrap_or_default()
}
