//! Session tags: their limits, what a chain of roles keeps of them, and how much room they take.

use crate::rehearsal::{Call, ServiceError, check};
use flate2::{Compression, write::DeflateEncoder};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

/// Limits of the AssumeRole API (`Tags`, `TransitiveTagKeys`).
const MOST_TAGS: usize = 50;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;
/// What is no letter, digit or blank and yet may stand in keys and values (the same).
const SIGNS: &str = "_.:/=+-@";
/// Begin of keys that are AWS's own.
const RESERVED: &str = "aws:";

/// Bytes that a session's policy and tags may take packed. AWS tells neither its packing nor its bound, only how much
/// of that is used; deflated text against this bound refuses what AWS refuses first: many long tags beside a long policy.
const MOST_PACKED: usize = 2048;

const INVALID: &str = "ValidationError";

/// A tag as it is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    #[serde(default)]
    key: String,
    #[serde(default)]
    value: String,
}

/// The tags of a session, and the keys of those that the next in the chain has too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::rehearsal) struct Tags {
    pub(in crate::rehearsal) all: BTreeMap<String, String>,
    pub(in crate::rehearsal) transitive: BTreeSet<String>,
}

/// The tags that were sent, with those that the caller's own session hands on.
pub(super) fn read(
    call: &Call<'_>,
    sent: &[Tag],
    transitive: &[String],
) -> Result<Tags, ServiceError> {
    check::length(INVALID, "tags", sent.len(), 0..=MOST_TAGS)?;
    check::length(INVALID, "transitiveTagKeys", transitive.len(), 0..=MOST_TAGS)?;
    let mut tags = call.principal.handed_on();
    let inherited: BTreeSet<String> = tags.all.keys().map(|key| key.to_lowercase()).collect();
    let mut seen = BTreeSet::new();
    for Tag { key, value } in sent {
        check_text("key", key, 1..=LONGEST_KEY)?;
        check_text("value", value, 0..=LONGEST_VALUE)?;
        if key.to_lowercase().starts_with(RESERVED) {
            return Err(refused(format!("tag keys that begin with '{RESERVED}' are reserved")));
        }
        if !seen.insert(key.to_lowercase()) {
            return Err(refused(format!(
                "Duplicate tag keys found. Please note that tag keys are case insensitive: '{key}'"
            )));
        }
        if inherited.contains(&key.to_lowercase()) {
            return Err(refused(format!(
                "the transitive tag '{key}' cannot be changed in a chain"
            )));
        }
        tags.all.insert(key.clone(), value.clone());
    }
    if let Some(unknown) = transitive.iter().find(|key| !tags.all.contains_key(*key)) {
        return Err(refused(format!("the transitive tag key '{unknown}' is not among the tags")));
    }
    tags.transitive.extend(transitive.iter().cloned());
    Ok(tags)
}

fn check_text(
    field: &str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), ServiceError> {
    check::length(INVALID, &format!("tags.member.{field}"), text.chars().count(), length)?;
    if text.chars().all(|c| c.is_alphanumeric() || c == ' ' || SIGNS.contains(c)) {
        return Ok(());
    }
    Err(refused(format!(
        "value '{text}' at 'tags.member.{field}' failed to satisfy constraint: letters, digits, blanks and '{SIGNS}'"
    )))
}

fn refused(message: String) -> ServiceError {
    ServiceError::refused(INVALID, message)
}

/// How much of the room for policy and tags is used, in percent.
pub(super) fn packed(policy: Option<&str>, tags: &Tags) -> Result<usize, ServiceError> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    let texts = tags.all.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
    for text in policy.into_iter().chain(texts) {
        packed.write_all(text.as_bytes()).map_err(ServiceError::internal)?;
    }
    let bytes = packed.finish().map_err(ServiceError::internal)?.len();
    let percent = bytes * 100 / MOST_PACKED;
    if bytes <= MOST_PACKED {
        return Ok(percent);
    }
    Err(ServiceError::refused(
        "PackedPolicyTooLarge",
        format!("Packed policy consumes {percent}% of allotted space, please use smaller policy."),
    ))
}
