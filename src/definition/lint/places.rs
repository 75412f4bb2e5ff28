//! Places in S3: outputs encrypted and apart for each execution, no time of deployment in a path.

use super::walk::Spot;
use super::{Flaw, Outline};
use crate::definition::evaluate::{function, is_function};
use serde_json::Value;

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let spots = || outline.spots();
    let mut flaws: Vec<Flaw> = spots().filter_map(literal_time).collect();
    flaws.extend(spots().filter_map(unencrypted));
    flaws.extend(spots().filter_map(shared));
    flaws
}

/// Stands in a text for what only the execution knows.
const UNKNOWN: &str = "\u{fffd}";

/// The text of a value as far as it is known; `None` for what is no text.
fn known_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => match function(map)? {
            ("Std:Join", join) => {
                let on = join.get("On").and_then(Value::as_str).unwrap_or_default();
                let values = join.get("Values").and_then(Value::as_array)?;
                let texts = values.iter().map(|one| known_text(one).unwrap_or(UNKNOWN.into()));
                Some(texts.collect::<Vec<_>>().join(on))
            }
            _ => Some(UNKNOWN.into()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) => None,
    }
}

fn literal_time(spot: &Spot<'_>) -> Option<Flaw> {
    let text = known_text(spot.value).filter(|_| !spot.path.contains(".Std:"))?;
    let in_bucket = text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let after_unknown = || text.strip_prefix(UNKNOWN)?.strip_prefix('/');
    let key = in_bucket.map(|(_, key)| key).or_else(after_unknown)?;
    let part = key.split('/').find(|part| holds_time(part))?;
    let message = format!("'{part}' in an S3 path looks like the time or id of one deployment");
    let flaw = Flaw::new(&spot.path, "literal-time", message);
    Some(flaw.help("every execution would share it: join {\"Get\": \"Execution.PipelineExecutionId\"} into the path"))
}

/// An epoch in seconds or milliseconds, an ISO date with its time, or a UUID.
fn holds_time(part: &str) -> bool {
    let words = || part.split(|c: char| !c.is_ascii_alphanumeric());
    let digits = |word: &str| word.bytes().all(|b| b.is_ascii_digit());
    let epoch =
        words().any(|word| matches!(word.len(), 10 | 13) && digits(word) && word.starts_with('1'));
    epoch || is_uuid_within(part) || is_iso_within(part)
}

fn is_uuid_within(part: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let groups: Vec<&str> = part.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let hex = |group: &str| group.bytes().all(|b| b.is_ascii_hexdigit());
    groups.windows(lengths.len()).any(|window| {
        window.iter().zip(lengths).all(|(group, length)| group.len() == length && hex(group))
    })
}

/// `2026-11-22T13:05` or `20261122T1305`, with any marks between the digits.
fn is_iso_within(part: &str) -> bool {
    let is_part = |c: &char| c.is_ascii_digit() || matches!(c, '-' | ':' | '_');
    let digits = |characters: &mut dyn Iterator<Item = char>| {
        characters.take_while(is_part).filter(char::is_ascii_digit).count()
    };
    part.match_indices(['T', 't']).any(|(at, mark)| {
        let (date, time) = (&part[..at], &part[at + mark.len()..]);
        digits(&mut date.chars().rev()) >= 8 && digits(&mut time.chars()) >= 4
    })
}

/// Where the outputs go that a value configures, if it configures any. Their key stands beside.
fn outputs<'a>(spot: &Spot<'a>) -> Option<Vec<&'a Value>> {
    let map = spot.value.as_object()?;
    if let Some(location) = map.get("S3OutputPath") {
        return Some(vec![location]);
    }
    let outputs = map.get("Outputs")?.as_array()?;
    let locations: Vec<_> =
        outputs.iter().filter_map(|one| one.pointer("/S3Output/S3Uri")).collect();
    (!locations.is_empty()).then_some(locations)
}

fn unencrypted(spot: &Spot<'_>) -> Option<Flaw> {
    outputs(spot)?;
    let key = spot.value.get("KmsKeyId");
    if key.is_some_and(|key| is_function(key) || key.as_str().is_some_and(|key| !key.is_empty())) {
        return None;
    }
    let flaw = Flaw::new(&spot.path, "unencrypted-output", "this output has no KmsKeyId");
    Some(flaw.help("set KmsKeyId to the environment's kms_key, or turn the output off"))
}

fn shared(spot: &Spot<'_>) -> Option<Flaw> {
    let shared = outputs(spot)?.into_iter().find(|location| !differs_by_execution(location))?;
    let text = known_text(shared).unwrap_or_default();
    let message = format!("every execution writes to the same place: {text}");
    let flaw = Flaw::new(&spot.path, "shared-output", message);
    Some(flaw.help("join {\"Get\": \"Execution.PipelineExecutionId\"} into the path"))
}

/// Whether a location holds anything but the pipeline's own name that only the execution knows.
fn differs_by_execution(location: &Value) -> bool {
    match location {
        Value::Object(map) => match function(map) {
            Some(("Get", Value::String(text))) => {
                !matches!(text.as_str(), "Execution.PipelineName" | "Execution.PipelineArn")
            }
            _ => map.values().any(differs_by_execution),
        },
        Value::Array(items) => items.iter().any(differs_by_execution),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
