//! GetLogEvents and FilterLogEvents: reading back, page by page.

use super::{INVALID, filter::Pattern, group, invalid, streams};
use crate::rehearsal::{
    Call, ServiceError, check,
    shelf::{Direction, LogLine, LogQuery, Position},
};
use serde_json::{Value, json};

/// Most events of a page (GetLogEvents and FilterLogEvents API).
const MOST_EVENTS_A_PAGE: i64 = 10_000;
/// Largest page in bytes (same).
const LARGEST_PAGE_BYTES: usize = 1_048_576;
/// FilterLogEvents API.
const MOST_STREAMS: usize = 100;

pub(super) async fn get_log_events(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let limit = limit(call)?;
    let group = readable(call).await?;
    streams::stream(call, &group).await?;
    let stream = call.text("logStreamName").unwrap_or_default().to_owned();
    let head = call.body.get("startFromHead").and_then(Value::as_bool).unwrap_or_default();
    let given = call.text("nextToken").map(Token::parse).transpose()?;
    let (direction, from) = match &given {
        Some(token) => (token.direction, token.at),
        None if head => (Direction::Forward, Position::START),
        None => (Direction::Backward, Position::END),
    };
    let query = LogQuery {
        group,
        streams: vec![stream],
        prefix: String::new(),
        first: millisecond(call, "startTime").unwrap_or(i64::MIN),
        // The end is exclusive here, inclusive in FilterLogEvents.
        last: millisecond(call, "endTime").map_or(i64::MAX, |end| end - 1),
    };
    let mut lines = call.shelf.log_lines(&call.place, &query, (direction, from), limit).await?;
    cut_to_page(&mut lines);
    if direction == Direction::Backward {
        lines.reverse();
    }
    // At either end the token that was given comes back.
    let forward = lines.last().map_or(from, LogLine::position);
    let backward = lines.first().map_or(from, LogLine::position);
    let events: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "timestamp": line.timestamp,
                "message": line.message,
                "ingestionTime": line.ingestion,
            })
        })
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": Token { direction: Direction::Forward, at: forward }.write(),
        "nextBackwardToken": Token { direction: Direction::Backward, at: backward }.write(),
    }))
}

/// The group the call names, if events of its class can be read.
async fn readable(call: &mut Call<'_>) -> Result<String, ServiceError> {
    let (name, group) = group(call).await?;
    if group.class != "INFREQUENT_ACCESS" {
        return Ok(name);
    }
    let said = format!(
        "The log group {name} is of log-group-class {}. {} is not supported for this log class.",
        group.class, call.operation
    );
    Err(ServiceError::refused("InvalidOperationException", said))
}

pub(super) async fn filter_log_events(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let limit = limit(call)? as usize;
    let pattern = Pattern::parse(call.text("filterPattern").unwrap_or_default())?;
    let group = readable(call).await?;
    let query = filter_query(call, group)?;
    let (mut at, pause) = match call.text("nextToken") {
        None => (Position::START, false),
        Some(token) => resume(token)?,
    };
    if pause {
        // AWS now and then gives an empty page with a token; so that callers are ready for it, the
        // page after every full one is empty here.
        return Ok(json!({ "events": [], "searchedLogStreams": [], "nextToken": going_on(at) }));
    }
    let mut events = Vec::new();
    let mut bytes = 0;
    loop {
        let chunk = MOST_EVENTS_A_PAGE as u32;
        let lines =
            call.shelf.log_lines(&call.place, &query, (Direction::Forward, at), chunk).await?;
        if lines.is_empty() {
            return Ok(json!({ "events": events, "searchedLogStreams": [] }));
        }
        for line in lines.iter().filter(|line| pattern.matches(&line.message)) {
            bytes += line.message.len();
            if events.len() == limit || (bytes > LARGEST_PAGE_BYTES && !events.is_empty()) {
                let token = format!("{}/pause", going_on(at));
                return Ok(
                    json!({ "events": events, "searchedLogStreams": [], "nextToken": token }),
                );
            }
            events.push(show(line));
            at = line.position();
        }
        at = lines.last().map_or(at, LogLine::position);
    }
}

fn filter_query(call: &Call<'_>, group: String) -> Result<LogQuery, ServiceError> {
    let streams: Vec<String> = match call.body.get("logStreamNames") {
        None => Vec::new(),
        Some(names) => {
            serde_json::from_value(names.clone()).map_err(|error| invalid(error.to_string()))?
        }
    };
    let prefix = call.text("logStreamNamePrefix").unwrap_or_default().to_owned();
    check::length(INVALID, "logStreamNames", streams.len(), 0..=MOST_STREAMS)?;
    if !streams.is_empty() && !prefix.is_empty() {
        return Err(invalid("give logStreamNames or logStreamNamePrefix, not both"));
    }
    Ok(LogQuery {
        group,
        streams,
        prefix,
        first: millisecond(call, "startTime").unwrap_or(i64::MIN),
        last: millisecond(call, "endTime").unwrap_or(i64::MAX),
    })
}

fn show(line: &LogLine) -> Value {
    json!({
        "logStreamName": line.stream,
        "timestamp": line.timestamp,
        "message": line.message,
        "ingestionTime": line.ingestion,
        "eventId": format!("{:056}", line.id),
    })
}

fn limit(call: &Call<'_>) -> Result<u32, ServiceError> {
    let limit = millisecond(call, "limit").unwrap_or(MOST_EVENTS_A_PAGE);
    check::number(INVALID, "limit", limit, 1..=MOST_EVENTS_A_PAGE)?;
    u32::try_from(limit).map_err(|error| invalid(error.to_string()))
}

fn millisecond(call: &Call<'_>, field: &str) -> Option<i64> {
    call.body.get(field).and_then(Value::as_i64)
}

/// No page is larger than AWS's, but for a single line.
fn cut_to_page(lines: &mut Vec<LogLine>) {
    let mut bytes = 0;
    let fit = lines
        .iter()
        .take_while(|line| {
            bytes += line.message.len();
            bytes <= LARGEST_PAGE_BYTES
        })
        .count();
    lines.truncate(fit.max(1));
}

/// `f/timestamp/id` or `b/timestamp/id`.
struct Token {
    direction: Direction,
    at: Position,
}

impl Token {
    fn parse(text: &str) -> Result<Self, ServiceError> {
        let direction = match text.split_once('/') {
            Some(("f", _)) => Direction::Forward,
            Some(("b", _)) => Direction::Backward,
            _ => return Err(invalid("the specified nextToken is invalid")),
        };
        let (at, _) = resume(text)?;
        Ok(Self { direction, at })
    }

    fn write(&self) -> String {
        let mark = match self.direction {
            Direction::Forward => 'f',
            Direction::Backward => 'b',
        };
        format!("{mark}/{}/{}", self.at.timestamp, self.at.id)
    }
}

fn going_on(at: Position) -> String {
    Token { direction: Direction::Forward, at }.write()
}

/// The position in a token, and whether an empty page comes first.
fn resume(text: &str) -> Result<(Position, bool), ServiceError> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [_, timestamp, id, pause @ ..] => match (timestamp.parse(), id.parse()) {
            (Ok(timestamp), Ok(id)) => Ok((Position { timestamp, id }, *pause == ["pause"])),
            _ => Err(invalid("the specified nextToken is invalid")),
        },
        _ => Err(invalid("the specified nextToken is invalid")),
    }
}
