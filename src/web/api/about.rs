//! The API about itself.

use super::{Answer, models::Version, shapes::Refusal};
use crate::web::openapi;
use axum::Json;
use serde_json::Value;

/// The version of the paths below `/api/v1`.
const API: u32 = 1;

/// What answers
#[utoipa::path(
    get, path = "/api/v1/version", tag = "about",
    responses((status = 200, description = "The versions", body = Version), Refusal)
)]
pub(super) async fn version() -> Json<Version> {
    Json(Version { version: env!("CARGO_PKG_VERSION").to_owned(), api: API })
}

/// This document
#[utoipa::path(
    get, path = "/api/v1/openapi.json", tag = "about",
    responses((status = 200, description = "The document", body = Object), Refusal)
)]
pub(super) async fn openapi() -> Answer<Value> {
    Ok(Json(openapi::document()))
}
