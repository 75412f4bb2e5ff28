//! Lambda: functions from zip files, their versions.
//!
//! A published version never changes; publishing what was published last gives the same version again.
//! Functions are ready at once, so nobody waits on a laptop.

mod code;
mod configuration;
mod functions;
mod route;
mod versions;

use super::{
    Call, Item, Place, ServiceError, Shelf, ShelfError,
    wire::{answer::Answer, incoming::Incoming},
};
use crate::ids::Arn;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

pub(super) const OPERATIONS: &[&str] = &[
    "CreateFunction",
    "DeleteFunction",
    "GetFunction",
    "GetFunctionConfiguration",
    "ListFunctions",
    "ListTags",
    "ListVersionsByFunction",
    "PublishVersion",
    "TagResource",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
];

pub(super) async fn handle(
    call: &mut Call<'_>,
    incoming: &Incoming,
) -> Result<Answer, ServiceError> {
    route::read(call, incoming)?;
    let resource = functions::resource(call);
    call.authorize(&format!("lambda:{}", call.operation), &resource)?;
    let (status, output) = match call.operation.as_str() {
        "CreateFunction" => (StatusCode::CREATED, functions::create(call).await?),
        "DeleteFunction" => (StatusCode::NO_CONTENT, functions::delete(call).await?),
        "GetFunction" => (StatusCode::OK, functions::get(call).await?),
        "GetFunctionConfiguration" => (StatusCode::OK, functions::get_configuration(call).await?),
        "ListFunctions" => (StatusCode::OK, functions::list(call).await?),
        "ListTags" => (StatusCode::OK, functions::list_tags(call).await?),
        "ListVersionsByFunction" => (StatusCode::OK, versions::list(call).await?),
        "PublishVersion" => (StatusCode::CREATED, versions::publish(call).await?),
        "TagResource" => (StatusCode::NO_CONTENT, functions::tag(call).await?),
        "UpdateFunctionCode" => (StatusCode::OK, functions::update_code(call).await?),
        "UpdateFunctionConfiguration" => {
            (StatusCode::OK, functions::update_configuration(call).await?)
        }
        _ => return Err(call.unknown_operation(OPERATIONS)),
    };
    Ok(super::wire::write_json(status, &output))
}

/// A function, kept under its name.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Function {
    latest: Version,
    /// By number, from 1.
    published: BTreeMap<u32, Version>,
    /// Numbers are never given twice.
    last_number: u32,
    tags: BTreeMap<String, String>,
}

impl Item for Function {
    const KIND: &'static str = "function";
}

/// Code and configuration together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Version {
    configuration: configuration::Configuration,
    code_sha256: String,
    code_size: u64,
    modified: Timestamp,
    description: String,
}

/// The head of a stored zip file, which needs none.
#[derive(Debug, Serialize, Deserialize)]
struct Zip;

impl Item for Zip {
    const KIND: &'static str = "zip";
}

/// A version as whoever runs it needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Deployed {
    /// `module.function`.
    pub handler: String,
    /// Role it runs under.
    pub role: String,
    /// Longest time of a call.
    pub timeout: Duration,
    /// Memory, in MB.
    pub memory_mb: i64,
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The zip file.
    pub zip: Bytes,
}

impl Shelf<'_> {
    /// The function version that `arn` names; without a version, the latest.
    ///
    /// # Errors
    /// The state cannot be read.
    pub async fn deployed_function(&mut self, arn: &Arn) -> Result<Option<Deployed>, ShelfError> {
        let (Some(account), Ok(region)) = (arn.account(), arn.region().parse()) else {
            return Ok(None);
        };
        let place = Place { account, region };
        let mut parts = arn.resource().splitn(3, ':').skip(1);
        let name = parts.next().unwrap_or_default();
        let Some(function) = self.get::<Function>(&place, name).await? else { return Ok(None) };
        let Some(version) = function.version(parts.next()) else { return Ok(None) };
        let zip = self.blob::<Zip>(&code::space(&place), &version.code_sha256).await?;
        Ok(zip.map(|zip| Deployed {
            handler: version.configuration.handler.clone(),
            role: version.configuration.role.clone(),
            timeout: Duration::from_secs(version.configuration.timeout.unsigned_abs()),
            memory_mb: version.configuration.memory,
            variables: version.configuration.variables.clone(),
            zip: zip.content,
        }))
    }
}

impl Function {
    /// The version of this qualifier.
    fn version(&self, qualifier: Option<&str>) -> Option<&Version> {
        match qualifier {
            None | Some("$LATEST") => Some(&self.latest),
            Some(number) => self.published.get(&number.parse().ok()?),
        }
    }
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::refused("InvalidParameterValueException", message)
}
