//! Input transformers on the wire.

use super::invalid;
use crate::{
    event::{Transformer, TransformerError},
    rehearsal::ServiceError,
};
use serde_json::Value;

/// Refuses a target whose transformer, if it has one, cannot be read.
pub(super) fn check(target: &Value) -> Result<(), ServiceError> {
    let id = target["Id"].as_str().unwrap_or_default();
    match read(target) {
        Some(Err(TransformerError::Placeholder(name))) => Err(invalid(format!(
            "InputTemplate for target {id} contains invalid placeholder {name}."
        ))),
        Some(Err(error)) => Err(invalid(format!("target {id}: {error}"))),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// The transformer of a target.
fn read(target: &Value) -> Option<Result<Transformer, TransformerError>> {
    let transformer = target.get("InputTransformer")?;
    let paths = transformer["InputPathsMap"].as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let paths = paths.map(|(name, path)| (name.clone(), text(path))).collect();
    Some(Transformer::parse(&paths, transformer["InputTemplate"].as_str().unwrap_or_default()))
}
