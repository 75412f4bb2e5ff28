//! Log streams.

use super::{INVALID, Stream, already_exists, group, invalid, not_found, page};
use crate::rehearsal::{Call, ServiceError, check};
use serde_json::{Value, json};

/// CreateLogStream API.
const LONGEST_NAME: usize = 512;
/// DescribeLogStreams API.
const MOST_STREAMS_A_PAGE: u32 = 50;
/// A group whose streams are sorted by time is read up to here; the rehearsal has far fewer.
const MOST_SORTED: u32 = 100_000;

pub(super) async fn create(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let name = call.text("logStreamName").unwrap_or_default().to_owned();
    check::length(INVALID, "logStreamName", name.chars().count(), 1..=LONGEST_NAME)?;
    if name.contains([':', '*']) {
        return Err(invalid(format!("the log stream name '{name}' holds ':' or '*'")));
    }
    let (group, _) = group(call).await?;
    let key = format!("{group}:{name}");
    if call.shelf.get::<Stream>(&call.place, &key).await?.is_some() {
        return Err(already_exists("log stream"));
    }
    let stream =
        Stream { created: call.now, first_event: None, last_event: None, last_ingestion: None };
    call.shelf.put(&call.place, &key, &stream).await?;
    Ok(Value::Null)
}

/// The stream the call names in `group`, and the key it is kept under.
pub(super) async fn stream(
    call: &mut Call<'_>,
    group: &str,
) -> Result<(String, Stream), ServiceError> {
    let name = call.text("logStreamName").ok_or_else(|| invalid("logStreamName is missing"))?;
    let key = format!("{group}:{name}");
    let stream = call.shelf.get(&call.place, &key).await?;
    Ok((key, stream.ok_or_else(|| not_found("log stream"))?))
}

pub(super) async fn describe(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (limit, after) = page(call, MOST_STREAMS_A_PAGE)?;
    let (group, _) = group(call).await?;
    let prefix = call.text("logStreamNamePrefix").unwrap_or_default();
    let by_time = match call.text("orderBy") {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_empty() => true,
        Some("LastEventTime") => {
            return Err(invalid("cannot order by LastEventTime with a logStreamNamePrefix"));
        }
        Some(other) => return Err(invalid(format!("cannot order by '{other}'"))),
    };
    let start = format!("{group}:{prefix}");
    let mut streams = call.shelf.list::<Stream>(&call.place, &start, "", MOST_SORTED).await?;
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.last_event);
    }
    if call.body.get("descending").and_then(Value::as_bool).unwrap_or_default() {
        streams.reverse();
    }
    let skip = if after.is_empty() {
        0
    } else {
        streams.iter().position(|(key, _)| *key == after).map_or(streams.len(), |at| at + 1)
    };
    let page: Vec<&(String, Stream)> = streams.iter().skip(skip).take(limit as usize).collect();
    let more = streams.len() > skip + page.len();
    let token = page.last().filter(|_| more).map(|(key, _)| key.clone());
    let shown: Vec<Value> = page
        .iter()
        .map(|(key, stream)| {
            show(call, key.split_once(':').map_or("", |(_, name)| name), (&group, stream))
        })
        .collect();
    Ok(json!({ "logStreams": shown, "nextToken": token }))
}

fn show(call: &Call<'_>, name: &str, (group, stream): (&str, &Stream)) -> Value {
    let mut shown = json!({
        "logStreamName": name,
        "creationTime": stream.created.as_millisecond(),
        "arn": call.place.arn("logs", &format!("log-group:{group}:log-stream:{name}")),
        "storedBytes": 0,
    });
    for (field, time) in [
        ("firstEventTimestamp", stream.first_event),
        ("lastEventTimestamp", stream.last_event),
        ("lastIngestionTime", stream.last_ingestion),
    ] {
        if let Some(time) = time {
            shown[field] = json!(time);
        }
    }
    shown
}
