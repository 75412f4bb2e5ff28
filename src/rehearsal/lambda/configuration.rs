//! What is set about a function besides its code.

use super::invalid;
use crate::rehearsal::{Call, Service, ServiceError, check};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Runtimes that a function may be made or updated with; older ones are past their end of support.
const RUNTIMES: &[&str] = &[
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "java11",
    "java17",
    "java21",
    "dotnet8",
    "ruby3.3",
    "ruby3.4",
    "provided.al2023",
];
/// Runtimes that once were, for a better message.
const RETIRED: &[&str] = &[
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "java8",
    "java8.al2",
    "go1.x",
    "provided",
    "provided.al2",
    "ruby2.7",
    "ruby3.2",
    "dotnet6",
];

/// CreateFunction API: seconds, MB, characters, bytes.
const TIMEOUT_SECONDS: std::ops::RangeInclusive<i64> = 1..=900;
const MEMORY_MB: std::ops::RangeInclusive<i64> = 128..=10_240;
const LONGEST_HANDLER: usize = 128;
const LONGEST_DESCRIPTION: usize = 256;
const LARGEST_ENVIRONMENT: usize = 4096;

/// The configuration of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Configuration {
    pub(super) runtime: String,
    pub(super) role: String,
    pub(super) handler: String,
    pub(super) description: String,
    pub(super) timeout: i64,
    pub(super) memory: i64,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) kms_key: Option<String>,
    pub(super) architectures: Value,
}

impl Configuration {
    /// The configuration of a new function.
    pub(super) fn create(call: &Call<'_>) -> Result<Self, ServiceError> {
        let mut new = Self {
            runtime: String::new(),
            role: String::new(),
            handler: String::new(),
            description: String::new(),
            timeout: 3,
            memory: 128,
            variables: BTreeMap::new(),
            kms_key: None,
            architectures: call.body.get("Architectures").cloned().unwrap_or(json!(["x86_64"])),
        };
        new.update(call)?;
        new.check(call)?;
        Ok(new)
    }

    /// Takes over what the call gives, leaves the rest, checks the whole.
    pub(super) fn updated(&self, call: &Call<'_>) -> Result<Self, ServiceError> {
        let mut new = self.clone();
        new.update(call)?;
        new.check(call)?;
        Ok(new)
    }

    fn update(&mut self, call: &Call<'_>) -> Result<(), ServiceError> {
        for (field, place) in [
            ("Runtime", &mut self.runtime),
            ("Role", &mut self.role),
            ("Handler", &mut self.handler),
            ("Description", &mut self.description),
        ] {
            if let Some(text) = call.text(field) {
                text.clone_into(place);
            }
        }
        for (field, place) in [("Timeout", &mut self.timeout), ("MemorySize", &mut self.memory)] {
            if let Some(number) = call.body.get(field).and_then(Value::as_i64) {
                *place = number;
            }
        }
        if let Some(variables) = call.body.get("Environment").and_then(|it| it.get("Variables")) {
            self.variables = BTreeMap::deserialize(variables).map_err(|error| {
                ServiceError::refused("SerializationException", error.to_string())
            })?;
        }
        if let Some(key) = call.text("KMSKeyArn") {
            self.kms_key = Some(key.to_owned()).filter(|key| !key.is_empty());
        }
        Ok(())
    }

    fn check(&self, call: &Call<'_>) -> Result<(), ServiceError> {
        let invalid_value = "ValidationException";
        check::number(invalid_value, "timeout", self.timeout, TIMEOUT_SECONDS)?;
        check::number(invalid_value, "memorySize", self.memory, MEMORY_MB)?;
        check::length(invalid_value, "handler", self.handler.len(), 1..=LONGEST_HANDLER)?;
        let description = self.description.chars().count();
        check::length(invalid_value, "description", description, 0..=LONGEST_DESCRIPTION)?;
        let size: usize = self.variables.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > LARGEST_ENVIRONMENT {
            return Err(invalid(format!(
                "environment variables of {size} bytes exceed the limit of {LARGEST_ENVIRONMENT}"
            )));
        }
        self.check_runtime()?;
        if self
            .kms_key
            .as_ref()
            .is_some_and(|key| !call.landscape.has_key(key, &call.place.account))
        {
            return Err(invalid("the KMS key does not exist"));
        }
        call.pass_role(&self.role, Service::Lambda, "InvalidParameterValueException")
    }

    fn check_runtime(&self) -> Result<(), ServiceError> {
        let runtime = self.runtime.as_str();
        if RUNTIMES.contains(&runtime) {
            Ok(())
        } else if RETIRED.contains(&runtime) {
            Err(invalid(format!(
                "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime such as python3.13."
            )))
        } else {
            Err(invalid(format!(
                "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: {RUNTIMES:?}"
            )))
        }
    }
}
