//! CloudWatch Logs: groups, streams, events.
//!
//! Strict where it costs others lines: batch, order, span and age limits of PutLogEvents hold, and
//! events outside the ages are dropped with an answer that says which, as AWS does.

mod filter;
mod groups;
mod put;
mod read;
mod streams;
mod written;

pub(super) use written::keep;

use super::{Call, Item, ServiceError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const OPERATIONS: &[&str] = &[
    "AssociateKmsKey",
    "CreateLogGroup",
    "CreateLogStream",
    "DeleteRetentionPolicy",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "FilterLogEvents",
    "GetLogEvents",
    "ListTagsForResource",
    "PutLogEvents",
    "PutRetentionPolicy",
    "TagResource",
];

pub(super) async fn handle(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    match call.operation.as_str() {
        "AssociateKmsKey" => groups::associate_kms_key(call).await,
        "CreateLogGroup" => groups::create(call).await,
        "CreateLogStream" => streams::create(call).await,
        "DeleteRetentionPolicy" => groups::delete_retention(call).await,
        "DescribeLogGroups" => groups::describe(call).await,
        "DescribeLogStreams" => streams::describe(call).await,
        "FilterLogEvents" => read::filter_log_events(call).await,
        "GetLogEvents" => read::get_log_events(call).await,
        "ListTagsForResource" => groups::list_tags(call).await,
        "PutLogEvents" => put::put_log_events(call).await,
        "PutRetentionPolicy" => groups::put_retention(call).await,
        "TagResource" => groups::tag(call).await,
        _ => Err(call.unknown_operation(OPERATIONS)),
    }
}

/// The group or stream the call is about.
pub(super) fn resource(call: &Call<'_>) -> String {
    if call.operation == "DescribeLogGroups" {
        // AWS takes the prefix for the name.
        let prefix = call.text("logGroupNamePrefix").unwrap_or_default();
        return call.place.arn("logs", &format!("log-group:{prefix}:log-stream:"));
    }
    match (group_name(call), call.text("logStreamName")) {
        (Some(group), Some(stream)) => {
            call.place.arn("logs", &format!("log-group:{group}:log-stream:{stream}"))
        }
        (Some(group), None) => call.place.arn("logs", &format!("log-group:{group}:*")),
        (None, _) => call.text("resourceArn").unwrap_or("*").to_owned(),
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Group {
    created: Timestamp,
    class: String,
    retention_days: Option<i64>,
    kms_key: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Item for Group {
    const KIND: &'static str = "log-group";
}

/// Kept under `group:stream`, as neither name may hold a colon.
#[derive(Debug, Serialize, Deserialize)]
struct Stream {
    created: Timestamp,
    first_event: Option<i64>,
    last_event: Option<i64>,
    last_ingestion: Option<i64>,
}

impl Item for Stream {
    const KIND: &'static str = "log-stream";
}

const INVALID: &str = "InvalidParameterException";

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::refused(INVALID, message)
}

fn not_found(what: &str) -> ServiceError {
    ServiceError::refused(
        "ResourceNotFoundException",
        format!("the specified {what} does not exist"),
    )
}

fn already_exists(what: &str) -> ServiceError {
    ServiceError::refused(
        "ResourceAlreadyExistsException",
        format!("the specified {what} already exists"),
    )
}

/// The group's name, whether it was given as such or as an ARN.
fn group_name<'c>(call: &'c Call<'_>) -> Option<&'c str> {
    let given = call.text("logGroupName").or_else(|| call.text("logGroupIdentifier"))?;
    Some(name_in_arn(given))
}

fn name_in_arn(given: &str) -> &str {
    match given.split_once(":log-group:") {
        Some((_, name)) => name.trim_end_matches(":*"),
        None => given,
    }
}

/// The group the call names, which must exist.
async fn group(call: &mut Call<'_>) -> Result<(String, Group), ServiceError> {
    let name = group_name(call).ok_or_else(|| invalid("logGroupName is missing"))?.to_owned();
    let group = call.shelf.get(&call.place, &name).await?;
    Ok((name, group.ok_or_else(|| not_found("log group"))?))
}

/// How many entries a page may have, and where it begins.
fn page(call: &Call<'_>, most: u32) -> Result<(u32, String), ServiceError> {
    let limit = call.body.get("limit").and_then(Value::as_i64).unwrap_or(i64::from(most));
    super::check::number(INVALID, "limit", limit, 1..=i64::from(most))?;
    let after = call.text("nextToken").unwrap_or_default().to_owned();
    Ok((u32::try_from(limit).unwrap_or(most), after))
}
