//! PutEvents: events of one's own on the default bus.
//!
//! Like PutTargets it answers 200 even when entries failed; each answer stands where its entry stood. What is sent to
//! a bus that does not exist gets an id and is gone, as in AWS.

use super::{INVALID, bus, invalid};
use crate::{
    event::Event,
    rehearsal::{Call, ServiceError, check},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Entries of a request (PutEvents API).
const MOST_ENTRIES: usize = 10;
/// Bytes of all entries of a request (1 MB since January 2026, before that 256 KB).
const LARGEST_REQUEST: usize = 1024 * 1024;
/// What the time of an entry counts for (user guide, "Calculating PutEvents event entry size"). Every other field
/// counts its bytes in UTF-8.
const SIZE_OF_TIME: usize = 14;
/// Sources that are AWS's own begin so.
const RESERVED: &str = "aws.";

pub(super) async fn put(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let entries = call.body.get("Entries").and_then(Value::as_array).cloned().unwrap_or_default();
    check::length(INVALID, "entries", entries.len(), 1..=MOST_ENTRIES)?;
    if entries.iter().map(size).sum::<usize>() > LARGEST_REQUEST {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    let (mut answers, mut failed) = (Vec::new(), 0);
    for entry in &entries {
        answers.push(match read(call, entry) {
            Ok(event) => json!({ "EventId": send(call, entry, event).await? }),
            Err(Refusal { code, message }) => {
                failed += 1;
                json!({ "ErrorCode": code, "ErrorMessage": message })
            }
        });
    }
    Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
}

/// Why one entry is not taken.
struct Refusal {
    code: &'static str,
    message: String,
}

impl Refusal {
    fn argument(field: &str, reason: &str) -> Self {
        let message = format!("Parameter {field} is not valid. Reason: {reason}");
        Self { code: "InvalidArgument", message }
    }
}

/// The event that an entry describes, before it has an id.
fn read(call: &Call<'_>, entry: &Value) -> Result<Event, Refusal> {
    let (source, detail_type) = (required(entry, "Source")?, required(entry, "DetailType")?);
    let detail = required(entry, "Detail")?;
    if source.starts_with(RESERVED) {
        return Err(Refusal {
            code: "NotAuthorizedForSourceException",
            message: "Not authorized for the source.".to_owned(),
        });
    }
    let detail = serde_json::from_str(detail).ok().filter(Value::is_object).ok_or_else(|| {
        Refusal { code: "MalformedDetail", message: "Detail is malformed.".to_owned() }
    })?;
    Ok(Event {
        id: String::new(),
        source: source.to_owned(),
        detail_type: detail_type.to_owned(),
        account: call.place.account.clone(),
        region: call.place.region.clone(),
        time: time(entry).unwrap_or(Ok(call.now))?,
        resources: resources(entry).map(str::to_owned).collect(),
        detail,
    })
}

/// Puts the event on the bus that its entry names, and gives its id.
async fn send(call: &mut Call<'_>, entry: &Value, event: Event) -> Result<String, ServiceError> {
    let event = Event { id: bus::new_id(call).await?, ..event };
    let default = call.place.arn("events", "event-bus/default");
    let name = entry["EventBusName"].as_str().unwrap_or("default");
    if name == "default" || name == default {
        bus::put(call, &event).await?;
    }
    Ok(event.id)
}

fn required<'e>(entry: &'e Value, field: &str) -> Result<&'e str, Refusal> {
    let text = entry[field].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| Refusal::argument(field, &format!("{field} is a required argument.")))
}

/// When it happened, where the entry says so: seconds since 1970.
fn time(entry: &Value) -> Option<Result<Timestamp, Refusal>> {
    let seconds = entry["Time"].as_f64()?;
    let since = SignedDuration::try_from_secs_f64(seconds);
    let time = since.and_then(Timestamp::from_duration);
    Some(time.map_err(|_| Refusal::argument("Time", "it is out of range.")))
}

fn resources(entry: &Value) -> impl Iterator<Item = &str> {
    entry["Resources"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What an entry counts for against the limit of a request, in bytes.
fn size(entry: &Value) -> usize {
    let texts = ["Source", "DetailType", "Detail"].map(|field| entry[field].as_str());
    let texts: usize = texts.into_iter().flatten().chain(resources(entry)).map(str::len).sum();
    texts + if entry["Time"].is_number() { SIZE_OF_TIME } else { 0 }
}
