//! What a target is told: the event, a part of it, or what the target says instead.

use super::{
    Delivery,
    failure::{ErrorCode, Failure},
};
use crate::event;

/// The text that the target gets.
pub(super) fn text(delivery: &Delivery) -> Result<String, Failure> {
    let (target, event) = (&delivery.target, &delivery.event);
    if let Some(input) = target["Input"].as_str() {
        return Ok(input.to_owned());
    }
    let part = match target["InputPath"].as_str() {
        None => event,
        Some(path) => event::at_path(event, path).ok_or_else(|| {
            let message = format!("the event has nothing at {path}");
            Failure::new(ErrorCode::InvalidParameter, message)
        })?,
    };
    Ok(part.to_string())
}
