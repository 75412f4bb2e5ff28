//! What a target is told: the event, a part of it, or what the target makes of it.

use super::{
    Delivery,
    failure::{ErrorCode, Failure},
};
use crate::event::{self, Origin, Transformer};
use serde_json::Value;
use std::collections::BTreeMap;

/// The text that the target gets.
pub(super) fn text(delivery: &Delivery) -> Result<String, Failure> {
    let (target, event) = (&delivery.target, &delivery.event);
    if let Some(input) = target["Input"].as_str() {
        return Ok(input.to_owned());
    }
    if let Some(template) = target["InputTransformer"]["InputTemplate"].as_str() {
        return transformed(delivery, template);
    }
    match target["InputPath"].as_str() {
        None => Ok(event.to_string()),
        Some(path) => event::at_path(event, path).map(Value::to_string).ok_or_else(|| {
            let message = format!("the event has nothing at {path}");
            Failure::new(ErrorCode::InvalidParameter, message)
        }),
    }
}

fn transformed(delivery: &Delivery, template: &str) -> Result<String, Failure> {
    let paths = delivery.target["InputTransformer"]["InputPathsMap"].as_object();
    let paths: BTreeMap<String, String> = paths
        .into_iter()
        .flatten()
        .map(|(name, path)| (name.clone(), path.as_str().unwrap_or_default().to_owned()))
        .collect();
    let transformer = Transformer::parse(&paths, template)
        .map_err(|error| Failure::new(ErrorCode::InvalidParameter, error.to_string()))?;
    let origin = Origin {
        rule_arn: &delivery.rule,
        rule_name: delivery.rule_name(),
        ingested: delivery.made,
    };
    transformer
        .apply(&delivery.event, &origin)
        .map_err(|error| Failure::new(ErrorCode::InvalidJson, error.to_string()))
}
