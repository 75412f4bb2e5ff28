//! EventBridge: rules and their targets.
//!
//! Service events and schedules live on the default bus only, so that is the only bus there is.
//! PutTargets answers 200 even when targets failed; the failures are in the answer, as in AWS.

pub(super) mod agenda;
mod bus;
mod delivery;
mod metrics;
mod patterns;
mod put_events;
mod rules;
mod schedules;
mod tags;
mod target;
mod targets;
mod transformers;

pub(super) use bus::{NewEvent, emit};
pub use metrics::RuleMetrics;

use super::{
    Call, Fate, Item, Place, Principal, Service, ServiceError, Shelf,
    call::Ground,
    check::Shape,
    inbox::{self, NewMessage},
};
use agenda::Task;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[&str] = &[
    "DeleteRule",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListRules",
    "ListTagsForResource",
    "ListTargetsByRule",
    "PutEvents",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "TagResource",
    "TestEventPattern",
    "UntagResource",
];

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "DeleteRule" => rules::delete(call).await,
        "DescribeRule" => rules::describe(call).await,
        "DisableRule" => rules::set_state(call, State::Disabled).await,
        "EnableRule" => rules::set_state(call, State::Enabled).await,
        "ListRules" => rules::list(call).await,
        "ListTagsForResource" => tags::list(call).await,
        "ListTargetsByRule" => targets::list(call).await,
        "PutEvents" => put_events::put(call).await,
        "PutRule" => rules::put(call).await,
        "PutTargets" => targets::put(call).await,
        "RemoveTargets" => targets::remove(call).await,
        "TagResource" => tags::tag(call).await,
        "TestEventPattern" => patterns::test(call),
        "UntagResource" => tags::untag(call).await,
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// Does what is due. What fails leaves no trace but a message in the inbox.
pub(super) async fn perform(
    ground: Ground<'_>,
    shelf: &mut Shelf<'_>,
    task: Task,
) -> Result<(), ServiceError> {
    let (place, about) = match &task {
        Task::Deliver(delivery) => (delivery.place.clone(), delivery.rule.clone()),
        Task::Fire { place, rule } => (place.clone(), place.arn("events", &format!("rule/{rule}"))),
    };
    let mut savepoint = shelf.savepoint().await?;
    let mut call = Call::of(service(&place), place, ground, savepoint.shelf());
    let done = match task {
        Task::Deliver(delivery) => delivery::deliver(&mut call, *delivery).await,
        Task::Fire { rule, .. } => schedules::look(&mut call, &rule).await,
    };
    drop(call);
    let Err(error) = done else { return Ok(savepoint.keep().await?) };
    savepoint.undo().await?;
    let message = NewMessage {
        topic: &about,
        endpoint: None,
        subject: "A rule that cannot act",
        body: "",
        fate: Fate::Undeliverable { reason: error.to_string() },
    };
    Ok(inbox::put(shelf, ground.now, message).await?)
}

/// EventBridge itself.
fn service(place: &Place) -> Principal {
    Principal::Service(Service::Events, place.account.clone())
}

/// The rule or the bus the call is about.
pub(super) fn resource(call: &Call<'_>) -> String {
    if call.operation == "PutEvents" {
        return call.place.arn("events", "event-bus/default");
    }
    match call.text("Name").or_else(|| call.text("Rule")) {
        Some(name) => arn(call, name),
        None => call.text("ResourceARN").unwrap_or("*").to_owned(),
    }
}

fn arn(call: &Call<'_>, name: &str) -> String {
    call.place.arn("events", &format!("rule/{name}"))
}

/// A rule with its targets.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rule {
    description: Option<String>,
    pattern: Option<String>,
    schedule: Option<String>,
    role: Option<String>,
    state: State,
    /// As they were put, in the order of their ids.
    targets: BTreeMap<String, Value>,
    tags: BTreeMap<String, String>,
}

impl Item for Rule {
    const KIND: &'static str = "rule";
}

/// Does a rule act?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[serde(rename = "ENABLED")]
    Enabled,
    #[serde(rename = "DISABLED")]
    Disabled,
}

const INVALID: &str = "ValidationException";

/// Names of rules and ids of targets (PutRule and PutTargets API).
const NAME: Shape = Shape { length: 1..=64, more: ".-_" };

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::refused(INVALID, message)
}

/// Only the default bus exists.
fn check_bus(call: &Call<'_>) -> Result<(), ServiceError> {
    let default = call.place.arn("events", "event-bus/default");
    match call.text("EventBusName") {
        None | Some("default") => Ok(()),
        Some(bus) if bus == default => Ok(()),
        Some(bus) => Err(ServiceError::refused(
            "ResourceNotFoundException",
            format!(
                "event bus {bus} does not exist; service events and schedules are on the default bus"
            ),
        )),
    }
}

/// The rule of this name, which must exist.
async fn rule(call: &mut Call<'_>, name: &str) -> Result<Rule, ServiceError> {
    check_bus(call)?;
    call.shelf.get(&call.place, name).await?.ok_or_else(|| {
        ServiceError::refused(
            "ResourceNotFoundException",
            format!("rule {name} does not exist on EventBus default"),
        )
    })
}

fn required(call: &Call<'_>, field: &str) -> Result<String, ServiceError> {
    let text = call.text(field).unwrap_or_default();
    NAME.demand(INVALID, field, text)?;
    Ok(text.to_owned())
}
