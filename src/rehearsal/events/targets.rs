//! Targets of a rule: put, list, remove. One failing target does not stop the others.

use super::{INVALID, invalid, required, rule, target};
use crate::rehearsal::{Call, ServiceError, check};
use serde_json::{Value, json};

/// Targets of one rule (EventBridge quotas; fixed).
const MOST_TARGETS: usize = 5;
/// Entries of one PutTargets or RemoveTargets call.
const MOST_ENTRIES: usize = 100;
/// ListTargetsByRule API; no rule has more than five anyway.
const MOST_TARGETS_A_PAGE: i64 = 100;

pub(super) async fn put(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Rule")?;
    let entries = entries(call, "Targets")?;
    for entry in &entries {
        target::check_shape(entry)?;
    }
    let mut rule = rule(call, &name).await?;
    let mut failed = Vec::new();
    for entry in entries {
        let id = entry["Id"].as_str().unwrap_or_default().to_owned();
        let room = rule.targets.contains_key(&id) || rule.targets.len() < MOST_TARGETS;
        let verdict = if room {
            target::check_reach(call, &entry)
        } else {
            Err(ServiceError::refused(
                "LimitExceededException",
                format!(
                    "the requested resource exceeds the maximum number allowed: {MOST_TARGETS} targets a rule"
                ),
            ))
        };
        match verdict {
            Ok(()) => {
                rule.targets.insert(id, entry);
            }
            Err(error) => failed.push(failure(&id, &error)),
        }
    }
    call.shelf.put(&call.place, &name, &rule).await?;
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

pub(super) async fn remove(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Rule")?;
    let ids = entries(call, "Ids")?;
    let mut rule = rule(call, &name).await?;
    let mut failed = Vec::new();
    for id in ids.iter().map(|id| id.as_str().unwrap_or_default()) {
        if rule.targets.remove(id).is_none() {
            let error = ServiceError::refused(
                "ResourceNotFoundException",
                format!("rule {name} does not have a target with the Id {id}"),
            );
            failed.push(failure(id, &error));
        }
    }
    call.shelf.put(&call.place, &name, &rule).await?;
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Rule")?;
    let limit = call.body.get("Limit").and_then(Value::as_i64).unwrap_or(MOST_TARGETS_A_PAGE);
    check::number(INVALID, "limit", limit, 1..=MOST_TARGETS_A_PAGE)?;
    let after = call.text("NextToken").unwrap_or_default().to_owned();
    let rule = rule(call, &name).await?;
    let rest: Vec<(&String, &Value)> = rule.targets.iter().filter(|(id, _)| **id > after).collect();
    let page: Vec<&(&String, &Value)> =
        rest.iter().take(usize::try_from(limit).unwrap_or_default()).collect();
    let token = page.last().filter(|_| rest.len() > page.len()).map(|(id, _)| *id);
    let targets: Vec<&Value> = page.iter().map(|(_, target)| *target).collect();
    Ok(json!({ "Targets": targets, "NextToken": token }))
}

fn entries(call: &Call<'_>, field: &str) -> Result<Vec<Value>, ServiceError> {
    let list = call.body.get(field).and_then(Value::as_array).cloned();
    let list = list.ok_or_else(|| invalid(format!("{field} is missing")))?;
    check::length(INVALID, field, list.len(), 1..=MOST_ENTRIES)?;
    Ok(list)
}

fn failure(id: &str, error: &ServiceError) -> Value {
    json!({ "TargetId": id, "ErrorCode": error.code, "ErrorMessage": error.message })
}
