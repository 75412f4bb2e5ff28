//! Rules: patterns, schedules, states.

use super::{INVALID, Rule, State, arn, check_bus, invalid, required, rule, schedules, tags};
use crate::{
    rehearsal::{Call, Service, ServiceError, check},
    schedule::Schedule,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// PutRule API, in characters; the pattern's is the default quota.
const LONGEST_PATTERN: usize = 2048;
const LONGEST_SCHEDULE: usize = 256;
const LONGEST_DESCRIPTION: usize = 512;
/// Rules on a bus (EventBridge quotas).
pub(super) const MOST_RULES: u32 = 300;
/// ListRules API.
const MOST_RULES_A_PAGE: u32 = 100;

/// Replaces the whole rule: what is not given is cleared. Targets stay, and so do the tags, which
/// PutRule sets at creation only.
pub(super) async fn put(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Name")?;
    let text = |field: &str| call.text(field).filter(|text| !text.is_empty()).map(str::to_owned);
    let (pattern, schedule) = (text("EventPattern"), text("ScheduleExpression"));
    let (description, role) = (text("Description"), text("RoleArn"));
    let state = state(call)?;
    if let Some(schedule) = &schedule {
        check_schedule(call, schedule)?;
    }
    check_bus(call)?;
    if pattern.is_none() && schedule.is_none() {
        return Err(invalid("either EventPattern or ScheduleExpression must be given"));
    }
    if let Some(pattern) = &pattern {
        check_pattern(pattern)?;
    }
    let length = description.as_ref().map_or(0, |text| text.chars().count());
    check::length(INVALID, "description", length, 0..=LONGEST_DESCRIPTION)?;
    if let Some(role) = &role {
        call.pass_role(role, Service::Events, INVALID)?;
    }
    let old: Option<Rule> = call.shelf.get(&call.place, &name).await?;
    let (targets, tags) = match old {
        Some(old) => (old.targets, old.tags),
        None => {
            let rules = call.shelf.list::<Rule>(&call.place, "", "", MOST_RULES).await?;
            if rules.len() >= MOST_RULES as usize {
                return Err(ServiceError::refused(
                    "LimitExceededException",
                    format!("the bus has {MOST_RULES} rules already"),
                ));
            }
            (BTreeMap::new(), tags::given(call)?)
        }
    };
    let rule = Rule { description, pattern, schedule, role, state, targets, tags };
    call.shelf.put(&call.place, &name, &rule).await?;
    schedules::follow(call, &name, &rule).await?;
    Ok(json!({ "RuleArn": arn(call, &name) }))
}

fn state(call: &Call<'_>) -> Result<State, ServiceError> {
    match call.text("State") {
        None | Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => {
            Ok(State::Enabled)
        }
        Some("DISABLED") => Ok(State::Disabled),
        Some(other) => Err(invalid(format!("'{other}' is no state of a rule"))),
    }
}

fn check_schedule(call: &Call<'_>, schedule: &str) -> Result<(), ServiceError> {
    let length = schedule.chars().count();
    check::length(INVALID, "scheduleExpression", length, 1..=LONGEST_SCHEDULE)?;
    if !matches!(call.text("EventBusName"), None | Some("default")) {
        return Err(invalid("ScheduleExpression is supported only on the default event bus."));
    }
    Schedule::parse(schedule)
        .map(drop)
        .map_err(|error| invalid(format!("Parameter ScheduleExpression is not valid. ({error})")))
}

/// A pattern is an object whose leaves are lists.
fn check_pattern(pattern: &str) -> Result<(), ServiceError> {
    let refused = |why: String| ServiceError::refused("InvalidEventPatternException", why);
    check::length(INVALID, "eventPattern", pattern.chars().count(), 1..=LONGEST_PATTERN)?;
    let parsed: Value = serde_json::from_str(pattern)
        .map_err(|error| refused(format!("event pattern is not valid: {error}")))?;
    match &parsed {
        Value::Object(fields) if !fields.is_empty() => check_fields(&parsed).map_err(refused),
        _ => Err(refused("event pattern is not valid: it is not an object with fields".to_owned())),
    }
}

fn check_fields(node: &Value) -> Result<(), String> {
    let Some(fields) = node.as_object() else { return Ok(()) };
    for (name, value) in fields {
        match value {
            Value::Object(inner) if inner.is_empty() => {
                return Err(format!("event pattern is not valid: '{name}' is empty"));
            }
            Value::Object(_) => check_fields(value)?,
            Value::Array(list) if !list.is_empty() => {}
            _ => {
                return Err(format!(
                    "event pattern is not valid: '{name}' must be an object or an array"
                ));
            }
        }
    }
    Ok(())
}

pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Name")?;
    let rule = rule(call, &name).await?;
    let mut shown = show(call, &name, &rule);
    shown["CreatedBy"] = json!(call.place.account);
    Ok(shown)
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    check_bus(call)?;
    let limit = call.body.get("Limit").and_then(Value::as_i64);
    let limit = limit.unwrap_or(i64::from(MOST_RULES_A_PAGE));
    check::number(INVALID, "limit", limit, 1..=i64::from(MOST_RULES_A_PAGE))?;
    let limit = u32::try_from(limit).unwrap_or(MOST_RULES_A_PAGE);
    let prefix = call.text("NamePrefix").unwrap_or_default().to_owned();
    let after = call.text("NextToken").unwrap_or_default().to_owned();
    let mut rules = call.shelf.list::<Rule>(&call.place, &prefix, &after, limit + 1).await?;
    let more = rules.len() > limit as usize;
    rules.truncate(limit as usize);
    let token = rules.last().filter(|_| more).map(|(name, _)| name.clone());
    let shown: Vec<Value> = rules.iter().map(|(name, rule)| show(call, name, rule)).collect();
    Ok(json!({ "Rules": shown, "NextToken": token }))
}

pub(super) async fn delete(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = required(call, "Name")?;
    check_bus(call)?;
    let found: Option<Rule> = call.shelf.get(&call.place, &name).await?;
    if found.is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(invalid("rule can't be deleted since it has targets."));
    }
    // Deleting what is not there is no error in AWS.
    call.shelf.delete::<Rule>(&call.place, &name).await?;
    schedules::forget(call, &name).await?;
    Ok(Value::Null)
}

pub(super) async fn set_state(call: &mut Call<'_>, state: State) -> Result<Value, ServiceError> {
    let name = required(call, "Name")?;
    let mut rule = rule(call, &name).await?;
    rule.state = state;
    call.shelf.put(&call.place, &name, &rule).await?;
    schedules::follow(call, &name, &rule).await?;
    Ok(Value::Null)
}

fn show(call: &Call<'_>, name: &str, rule: &Rule) -> Value {
    let mut shown = json!({
        "Name": name,
        "Arn": arn(call, name),
        "State": rule.state,
        "EventBusName": "default",
    });
    for (field, text) in [
        ("Description", &rule.description),
        ("EventPattern", &rule.pattern),
        ("ScheduleExpression", &rule.schedule),
        ("RoleArn", &rule.role),
    ] {
        if let Some(text) = text {
            shown[field] = json!(text);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_objects_with_lists_at_the_leaves() {
        assert!(check_pattern(r#"{"source":["aws.sagemaker"],"detail":{"x":["y"]}}"#).is_ok());
        for bad in ["[]", "{}", r#"{"source":"aws"}"#, r#"{"detail":{}}"#, r#"{"a":[]}"#, "{"] {
            assert_eq!(
                check_pattern(bad).unwrap_err().code,
                "InvalidEventPatternException",
                "{bad}"
            );
        }
    }
}
