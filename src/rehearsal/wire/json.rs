//! The awsJson wire, and the JSON bodies of REST services.

use super::{answer::Answer, incoming::Incoming};
use crate::rehearsal::ServiceError;
use http::StatusCode;
use serde_json::{Value, json};

/// Media type of the awsJson wire.
pub(super) const AWS_JSON: &str = "application/x-amz-json-1.1";
/// Media type of REST services.
pub(super) const REST_JSON: &str = "application/json";

/// Operation from `X-Amz-Target`, input from the body.
pub(super) fn read(incoming: &Incoming) -> Result<(String, Value), ServiceError> {
    let target = incoming.header("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    Ok((operation.to_owned(), body(incoming)?))
}

/// The body as a JSON object; an empty one is `{}`.
pub(super) fn body(incoming: &Incoming) -> Result<Value, ServiceError> {
    if incoming.body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice(&incoming.body) {
        Ok(object @ Value::Object(_)) => Ok(object),
        Ok(_) => Err(ServiceError::refused("SerializationException", "the body is not an object")),
        Err(error) => Err(ServiceError::refused("SerializationException", error.to_string())),
    }
}

pub(super) fn write(media: &'static str, status: StatusCode, output: &Value) -> Answer {
    let body = if output.is_null() { String::new() } else { output.to_string() };
    Answer::with_body(status, media, body)
}

pub(super) fn fail(media: &'static str, error: &ServiceError) -> Answer {
    let body = json!({ "__type": error.code, "message": error.message }).to_string();
    Answer::with_body(error.status, media, body).header("x-amzn-errortype", error.code)
}
