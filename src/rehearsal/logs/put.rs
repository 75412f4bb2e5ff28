//! PutLogEvents: what is refused whole, and what is dropped with an answer.

use super::{INVALID, group, invalid, streams};
use crate::rehearsal::{Call, ServiceError, check};
use serde::Deserialize;
use serde_json::{Value, json};

/// Limits of the PutLogEvents API.
const MOST_EVENTS: usize = 10_000;
const LARGEST_BATCH_BYTES: usize = 1_048_576;
const BYTES_AN_EVENT: usize = 26;
const LARGEST_EVENT_BYTES: usize = LARGEST_BATCH_BYTES - BYTES_AN_EVENT;
const LONGEST_SPAN_MS: i64 = DAY_MS;
const FURTHEST_AHEAD_MS: i64 = 2 * 60 * 60 * 1000;
const OLDEST_MS: i64 = 14 * DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

#[derive(Debug, Deserialize)]
struct InputEvent {
    timestamp: i64,
    message: String,
}

#[derive(Debug, Deserialize)]
struct Input {
    #[serde(rename = "logEvents")]
    events: Vec<InputEvent>,
}

pub(super) async fn put_log_events(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let Input { events } = call.input()?;
    check_batch(&events)?;
    let (group_name, group) = group(call).await?;
    let (key, mut stream) = streams::stream(call, &group_name).await?;

    let now = call.now.as_millisecond();
    let ages = Ages::of(&events, now, group.retention_days);
    let accepted = events.get(ages.accepted()).unwrap_or_default();
    if let (Some(first), Some(last)) = (accepted.first(), accepted.last()) {
        if last.timestamp - first.timestamp > LONGEST_SPAN_MS {
            return Err(invalid(
                "the batch of log events in a single request spans more than 24 hours",
            ));
        }
        stream.first_event = earlier(stream.first_event, first.timestamp);
        stream.last_event = stream.last_event.max(Some(last.timestamp));
        stream.last_ingestion = Some(now);
        call.shelf.put(&call.place, &key, &stream).await?;
    }
    let (_, stream_name) = key.split_once(':').unwrap_or_default();
    let lines: Vec<(i64, &str)> =
        accepted.iter().map(|event| (event.timestamp, event.message.as_str())).collect();
    call.shelf.append_log_lines(&call.place, (&group_name, stream_name), now, &lines).await?;
    if let Some(days) = group.retention_days {
        // AWS deletes within 72 hours of expiry; here the next writer does it.
        call.shelf.forget_log_lines(&call.place, &group_name, now - days * DAY_MS).await?;
    }
    let mut answer = json!({ "nextSequenceToken": "sequence-tokens-are-ignored" });
    if let Some(rejected) = ages.rejected(events.len()) {
        answer["rejectedLogEventsInfo"] = rejected;
    }
    Ok(answer)
}

fn earlier(known: Option<i64>, new: i64) -> Option<i64> {
    Some(known.map_or(new, |known| known.min(new)))
}

/// What makes AWS refuse the whole call.
fn check_batch(events: &[InputEvent]) -> Result<(), ServiceError> {
    check::length(INVALID, "logEvents", events.len(), 1..=MOST_EVENTS)?;
    let mut batch = 0;
    let mut previous = 0;
    for event in events {
        let size = event.message.len();
        check::length(INVALID, "message", size, 1..=LARGEST_EVENT_BYTES)?;
        batch += size + BYTES_AN_EVENT;
        if event.timestamp < 0 {
            return Err(invalid("a log event's timestamp is before 1970"));
        }
        if event.timestamp < previous {
            return Err(invalid(
                "log events in a single PutLogEvents request must be in chronological order",
            ));
        }
        previous = event.timestamp;
    }
    if batch > LARGEST_BATCH_BYTES {
        return Err(invalid(format!(
            "upload too large: {batch} bytes exceeds limit of {LARGEST_BATCH_BYTES}"
        )));
    }
    Ok(())
}

/// Where in the batch, which is in order, the ages end that AWS keeps.
struct Ages {
    /// First index that is too far ahead.
    too_new_start: usize,
    /// Index behind the last that is too old.
    too_old_end: usize,
    /// Index behind the last that the group's retention would delete at once.
    expired_end: usize,
}

impl Ages {
    fn of(events: &[InputEvent], now: i64, retention_days: Option<i64>) -> Self {
        let before = |limit: i64| events.partition_point(|event| event.timestamp < limit);
        Self {
            too_new_start: events
                .partition_point(|event| event.timestamp <= now + FURTHEST_AHEAD_MS),
            too_old_end: before(now - OLDEST_MS),
            expired_end: retention_days.map_or(0, |days| before(now - days * DAY_MS)),
        }
    }

    fn accepted(&self) -> std::ops::Range<usize> {
        self.too_old_end.max(self.expired_end)..self.too_new_start
    }

    /// `rejectedLogEventsInfo`: the start is inclusive, both ends exclusive.
    fn rejected(&self, events: usize) -> Option<Value> {
        let mut info = json!({});
        if self.too_new_start < events {
            info["tooNewLogEventStartIndex"] = json!(self.too_new_start);
        }
        if self.too_old_end > 0 {
            info["tooOldLogEventEndIndex"] = json!(self.too_old_end);
        }
        if self.expired_end > 0 {
            info["expiredLogEventEndIndex"] = json!(self.expired_end);
        }
        info.as_object().is_some_and(|info| !info.is_empty()).then_some(info)
    }
}
