//! The default bus: what services tell goes to the targets of the rules that it matches.

use super::{Rule, State, agenda::Task, delivery::Delivery, rules::MOST_RULES};
use crate::{
    event::{Event, Pattern},
    ids::Digest,
    rehearsal::{Call, Place, ServiceError},
};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Who tells, unless someone else does.
const SAGEMAKER: &str = "aws.sagemaker";
/// Who tells that it is time, and how.
const SCHEDULER: &str = "aws.events";
const SCHEDULED: &str = "Scheduled Event";

/// News of SageMaker, before it has an id.
#[derive(Debug, Clone)]
pub(in crate::rehearsal) struct NewEvent {
    /// The account and region that own what it is about.
    pub place: Place,
    /// What kind of news it is.
    pub detail_type: &'static str,
    /// ARNs of what it is about.
    pub resources: Vec<String>,
    /// The news.
    pub detail: Value,
}

/// Puts news of SageMaker on the default bus of its place.
///
/// # Errors
/// The state cannot be read or written.
pub(in crate::rehearsal) async fn emit(
    call: &mut Call<'_>,
    news: NewEvent,
) -> Result<(), ServiceError> {
    let event = Event {
        id: new_id(call).await?,
        source: SAGEMAKER.to_owned(),
        detail_type: news.detail_type.to_owned(),
        account: news.place.account,
        region: news.place.region,
        time: call.now,
        resources: news.resources,
        detail: news.detail,
    };
    put(call, &event).await
}

/// Puts an event on the default bus of its account and region: each target of each rule that matches will get it, as
/// often as AWS might send it.
///
/// # Errors
/// The state cannot be read or written.
pub(super) async fn put(call: &mut Call<'_>, event: &Event) -> Result<(), ServiceError> {
    let place = Place { account: event.account.clone(), region: event.region.clone() };
    let envelope = event.envelope();
    let rules = call.shelf.list::<Rule>(&place, "", "", MOST_RULES).await?;
    for (name, rule) in rules {
        if rule.state == State::Enabled && rule.matches(&envelope) {
            let arn = place.arn("events", &format!("rule/{name}"));
            let times = call.manners.repeats.times(&event.id);
            hand_out(call, (&arn, &rule), (&place, &envelope), times).await?;
        }
    }
    Ok(())
}

/// Tells the targets of one rule of the call's place that it is time. Nobody else hears it.
pub(super) async fn fire(
    call: &mut Call<'_>,
    (name, rule): (&str, &Rule),
    time: Timestamp,
) -> Result<(), ServiceError> {
    let place = call.place.clone();
    let arn = place.arn("events", &format!("rule/{name}"));
    let event = Event {
        id: new_id(call).await?,
        source: SCHEDULER.to_owned(),
        detail_type: SCHEDULED.to_owned(),
        account: place.account.clone(),
        region: place.region.clone(),
        time,
        resources: vec![arn.clone()],
        detail: json!({}),
    };
    hand_out(call, (&arn, rule), (&place, &event.envelope()), 1).await
}

/// An id for a new event.
pub(super) async fn new_id(call: &mut Call<'_>) -> Result<String, ServiceError> {
    let number = call.shelf.count_up("events").await?;
    let digest = Digest::of(format!("event {number}"));
    let (id, _) = digest.as_str().split_at(32);
    Ok(uuid::Uuid::try_parse(id).unwrap_or_default().to_string())
}

impl Rule {
    /// A pattern that cannot be read matches nothing; PutRule takes none.
    fn matches(&self, envelope: &Value) -> bool {
        let pattern = self.pattern.as_deref().map(Pattern::parse);
        pattern.is_some_and(|pattern| pattern.is_ok_and(|pattern| pattern.matches(envelope)))
    }
}

/// Plans the deliveries of an event to the targets of one rule.
async fn hand_out(
    call: &mut Call<'_>,
    (arn, rule): (&str, &Rule),
    (place, envelope): (&Place, &Value),
    times: u32,
) -> Result<(), ServiceError> {
    for repetition in 0..times {
        for target in rule.targets.values() {
            let delivery = Delivery::new((arn, target), (place, envelope), call.now, repetition);
            Task::Deliver(Box::new(delivery)).plan(&mut call.shelf, call.now).await?;
        }
    }
    Ok(())
}
