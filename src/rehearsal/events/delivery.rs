//! One event on its way to one target: tried, tried again, given up.
//!
//! A try that fails leaves nothing at the target. Invariant: a delivery is on the agenda until it has succeeded or is
//! told as failed, in the inbox and in the metrics of its rule.

mod failure;
mod message;
mod pipeline;
mod retry;
mod topic;

use super::{
    agenda::Task,
    metrics::{self, Outcome},
    service,
};
use crate::{
    ids::Arn,
    rehearsal::{
        Call, Fate, Place, ServiceError,
        inbox::{self, NewMessage},
    },
};
use failure::{ErrorCode, Failure};
use jiff::Timestamp;
use retry::{Exhausted, Next, RetryPolicy};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// An event for a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::rehearsal) struct Delivery {
    /// Says event, rule, target and which repetition it is.
    pub(super) id: String,
    /// Where the rule stands.
    pub(super) place: Place,
    /// ARN of the rule.
    pub(super) rule: String,
    /// The target as it was put.
    pub(super) target: Value,
    /// The event's envelope.
    pub(super) event: Value,
    /// When the event came.
    pub(super) made: Timestamp,
    /// How often it failed, and how the last time.
    failures: u32,
    last: Option<Failure>,
}

impl Delivery {
    /// The `repetition`th delivery of an event to a target of a rule.
    pub(super) fn new(
        (rule, target): (&str, &Value),
        (place, event): (&Place, &Value),
        made: Timestamp,
        repetition: u32,
    ) -> Self {
        let (event_id, target_id) = (&event["id"], &target["Id"]);
        Self {
            id: format!("{event_id} {rule} {target_id} {repetition}"),
            place: place.clone(),
            rule: rule.to_owned(),
            target: target.clone(),
            event: event.clone(),
            made,
            failures: 0,
            last: None,
        }
    }

    fn rule_name(&self) -> &str {
        self.rule.rsplit('/').next().unwrap_or_default()
    }
}

/// Tries a delivery. What the target did is kept only if it succeeded.
pub(super) async fn deliver(
    call: &mut Call<'_>,
    mut delivery: Delivery,
) -> Result<(), ServiceError> {
    let policy = RetryPolicy::of(&delivery.target);
    if let Some(last) = delivery.last.clone()
        && policy.is_over(delivery.made, call.now)
    {
        return give_up(call, &delivery, &last, Some(Exhausted::Age)).await;
    }
    let tried = tried(call, &delivery).await?;
    metrics::count(call, &delivery.rule, Outcome::Invoked).await?;
    let Err(failure) = tried else { return Ok(()) };
    if !failure.code.may_pass() {
        return give_up(call, &delivery, &failure, None).await;
    }
    match policy.next(delivery.failures, delivery.made, call.now) {
        Next::GiveUp(why) => give_up(call, &delivery, &failure, Some(why)).await,
        Next::Again(due) => {
            delivery.failures += 1;
            delivery.last = Some(failure);
            Ok(Task::Deliver(Box::new(delivery)).plan(&mut call.shelf, due).await?)
        }
    }
}

/// One try, whole or not at all.
async fn tried(
    call: &mut Call<'_>,
    delivery: &Delivery,
) -> Result<Result<(), Failure>, ServiceError> {
    let (place, ground) = (call.place.clone(), call.ground());
    let mut savepoint = call.shelf.savepoint().await?;
    let mut trial = Call::of(service(&place), place, ground, savepoint.shelf());
    let tried = hand_over(&mut trial, delivery).await;
    drop(trial);
    match tried {
        Ok(()) => savepoint.keep().await?,
        Err(_) => savepoint.undo().await?,
    }
    Ok(tried)
}

async fn hand_over(call: &mut Call<'_>, delivery: &Delivery) -> Result<(), Failure> {
    if let Some(fault) = call.manners.fault {
        return Err(fault.answer().into());
    }
    let arn = delivery.target["Arn"].as_str().unwrap_or_default();
    let arn: Arn = arn
        .parse()
        .map_err(|_| Failure::new(ErrorCode::InvalidParameter, format!("'{arn}' is no ARN")))?;
    match arn.service() {
        "sagemaker" => pipeline::start(call, delivery).await,
        "sns" => topic::publish(call, delivery, &arn).await,
        other => {
            let message =
                format!("the rehearsal starts pipelines and publishes to topics, not {other}");
            Err(Failure::new(ErrorCode::ErrorFromTarget, message))
        }
    }
}

/// Tells that the event did not arrive: to the dead-letter queue if the target has one.
async fn give_up(
    call: &mut Call<'_>,
    delivery: &Delivery,
    failure: &Failure,
    exhausted: Option<Exhausted>,
) -> Result<(), ServiceError> {
    metrics::count(call, &delivery.rule, Outcome::Failed).await?;
    let target = delivery.target["Arn"].as_str().unwrap_or_default();
    let queue = delivery.target["DeadLetterConfig"]["Arn"].as_str();
    let fate = if queue.is_some() {
        metrics::count(call, &delivery.rule, Outcome::SentToDeadLetterQueue).await?;
        Fate::DeadLetter { attributes: attributes(delivery, failure, exhausted) }
    } else {
        let code = failure.code.as_str();
        let retries = delivery.failures;
        let why = exhausted.map(|why| format!(", given up ({}, retries: {retries})", why.as_str()));
        let reason = format!("{code}: {}{}", failure.message, why.unwrap_or_default());
        Fate::Undeliverable { reason }
    };
    let message = NewMessage {
        topic: queue.unwrap_or(target),
        endpoint: None,
        subject: &format!(
            "{} for rule {}",
            text(&delivery.event["detail-type"]),
            delivery.rule_name()
        ),
        body: &delivery.event.to_string(),
        fate,
    };
    Ok(inbox::put(&mut call.shelf, call.now, message).await?)
}

/// The attributes that EventBridge gives a dead letter.
fn attributes(
    delivery: &Delivery,
    failure: &Failure,
    exhausted: Option<Exhausted>,
) -> BTreeMap<String, String> {
    let condition = exhausted.map(|why| ("EXHAUSTED_RETRY_CONDITION", why.as_str().to_owned()));
    [
        ("RULE_ARN", delivery.rule.clone()),
        ("TARGET_ARN", text(&delivery.target["Arn"])),
        ("ERROR_CODE", failure.code.as_str().to_owned()),
        ("ERROR_MESSAGE", failure.message.clone()),
        ("RETRY_ATTEMPTS", delivery.failures.to_string()),
    ]
    .into_iter()
    .chain(condition)
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
