//! Versions: published once, never changed.

use super::{Function, Version, functions::function, invalid};
use crate::{
    ids::Digest,
    rehearsal::{Call, ServiceError, time},
};
use http::StatusCode;
use serde_json::{Value, json};

/// ListVersionsByFunction API.
const VERSIONS_A_PAGE: usize = 50;

pub(super) async fn publish(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, mut function) = function(call).await?;
    check_revision(call, &name, &function)?;
    let expected = call.text("CodeSha256").filter(|sha| !sha.is_empty());
    if let Some(expected) = expected.filter(|sha| *sha != function.latest.code_sha256) {
        return Err(invalid(format!(
            "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the CodeSHA256 in $LATEST.",
            function.latest.code_sha256
        )));
    }
    let description = call.text("Description").map(str::to_owned);
    let number = function.publish(description);
    call.shelf.put(&call.place, &name, &function).await?;
    let version = function.published.get(&number).unwrap_or(&function.latest);
    Ok(show(call, &name, Some(number), version))
}

pub(super) async fn list(call: &mut Call<'_>) -> Result<Value, ServiceError> {
    let (name, function) = function(call).await?;
    let skip: usize = match call.text("Marker") {
        None => 0,
        Some(marker) => marker.parse().map_err(|_| invalid("the marker is not valid"))?,
    };
    let all: Vec<(Option<u32>, &Version)> = std::iter::once((None, &function.latest))
        .chain(function.published.iter().map(|(number, version)| (Some(*number), version)))
        .collect();
    let page: Vec<Value> = all
        .iter()
        .skip(skip)
        .take(VERSIONS_A_PAGE)
        .map(|(number, version)| show(call, &name, *number, version))
        .collect();
    let next = skip + page.len();
    let marker = (next < all.len()).then(|| next.to_string());
    Ok(json!({ "Versions": page, "NextMarker": marker }))
}

impl Function {
    /// Publishes the latest code and configuration; gives the number, the old one if nothing changed
    /// since.
    pub(super) fn publish(&mut self, description: Option<String>) -> u32 {
        let last = self.published.last_key_value();
        if let Some((number, _)) = last.filter(|(_, last)| last.same_content(&self.latest)) {
            return *number;
        }
        self.last_number += 1;
        let mut version = self.latest.clone();
        version.description = description.unwrap_or(version.description);
        self.published.insert(self.last_number, version);
        self.last_number
    }
}

impl Version {
    fn same_content(&self, other: &Self) -> bool {
        self.code_sha256 == other.code_sha256 && self.configuration == other.configuration
    }

    fn revision(&self, name: &str) -> String {
        let state = serde_json::to_string(self).unwrap_or_default();
        let digest = Digest::of(format!("{name} {state}"));
        let (id, _) = digest.as_str().split_at(32);
        uuid::Uuid::try_parse(id).unwrap_or_default().to_string()
    }
}

/// `RevisionId` guards against changes that the caller has not seen.
pub(super) fn check_revision(
    call: &Call<'_>,
    name: &str,
    function: &Function,
) -> Result<(), ServiceError> {
    let seen = call.text("RevisionId");
    if seen.is_some_and(|seen| seen != function.latest.revision(name)) {
        return Err(ServiceError::with_status(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailedException",
            "the Revision Id provided does not match the latest Revision Id",
        ));
    }
    Ok(())
}

/// A version as every operation shows it; the latest without a number.
pub(super) fn show(call: &Call<'_>, name: &str, number: Option<u32>, version: &Version) -> Value {
    let configuration = &version.configuration;
    let mut arn = call.place.arn("lambda", &format!("function:{name}"));
    if let Some(number) = number {
        arn = format!("{arn}:{number}");
    }
    let mut shown = json!({
        "FunctionName": name,
        "FunctionArn": arn,
        "Version": number.map_or_else(|| "$LATEST".to_owned(), |number| number.to_string()),
        "Runtime": configuration.runtime,
        "Role": configuration.role,
        "Handler": configuration.handler,
        "Description": version.description,
        "Timeout": configuration.timeout,
        "MemorySize": configuration.memory,
        "Architectures": configuration.architectures,
        "PackageType": "Zip",
        "CodeSha256": version.code_sha256,
        "CodeSize": version.code_size,
        "LastModified": time::iso_offset(version.modified),
        "RevisionId": version.revision(name),
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "TracingConfig": { "Mode": "PassThrough" },
        "EphemeralStorage": { "Size": 512 },
    });
    if !configuration.variables.is_empty() {
        shown["Environment"] = json!({ "Variables": configuration.variables });
    }
    if let Some(key) = &configuration.kms_key {
        shown["KMSKeyArn"] = json!(key);
    }
    shown
}
