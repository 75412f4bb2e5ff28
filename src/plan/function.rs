//! The function that finds the model to use: its code, its settings, and the version it will have.

use super::{
    blueprint::Blueprint,
    desired::DesiredError,
    observed::{Function, ObservedFunction},
    resources::{FunctionSettings, FunctionSpec},
};
use crate::definition::function_name;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use std::io::{Cursor, Write as _};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// The script that becomes the function; it runs in Lambda and is not uploaded to S3.
pub(super) const SCRIPT: &str = "latest_approved_model.py";

const HANDLER: &str = "latest_approved_model.handler";

/// Supported until October 2028 (Lambda developer guide, "Lambda runtimes").
const RUNTIME: &str = "python3.12";

/// Seconds: some pages of a listing and one description, each a second at worst.
const TIMEOUT_SECONDS: i32 = 60;

/// MiB: boto3 alone takes about 90.
const MEMORY_MIB: i32 = 256;

/// The function as the blueprint wants it.
///
/// # Errors
/// If the repository lacks the script, or it cannot be packed.
pub fn function(blueprint: &Blueprint<'_>) -> Result<FunctionSpec, DesiredError> {
    let environment = blueprint.environment;
    let script =
        blueprint.scripts.get(SCRIPT).ok_or_else(|| DesiredError::NoScript(SCRIPT.to_owned()))?;
    let zip = packed(script).map_err(DesiredError::Unpackable)?;
    Ok(FunctionSpec {
        name: function_name(environment),
        code_sha256: STANDARD.encode(Sha256::digest(&zip)),
        zip,
        settings: FunctionSettings {
            runtime: RUNTIME.to_owned(),
            handler: HANDLER.to_owned(),
            role: environment.lambda_role.as_str().to_owned(),
            timeout_seconds: TIMEOUT_SECONDS,
            memory_mib: MEMORY_MIB,
            description: format!(
                "Finds the newest approved model of {}",
                environment.model_package_group.name()
            ),
        },
    })
}

/// The version `wanted` has, or will have once it is published: definitions name it before it exists, and
/// applying refuses if Lambda then gives another number (it never gives one twice).
#[must_use]
pub fn predict_version(wanted: &FunctionSpec, observed: &ObservedFunction) -> u32 {
    let highest = observed.versions.keys().next_back().copied().unwrap_or(0);
    published(wanted, observed).unwrap_or_else(|| highest.saturating_add(1))
}

/// The newest published version that is what is wanted.
pub(super) fn published(wanted: &FunctionSpec, observed: &ObservedFunction) -> Option<u32> {
    let same = |function: &Function| {
        function.code_sha256 == wanted.code_sha256 && function.settings == wanted.settings
    };
    observed.versions.iter().rev().find(|(_, function)| same(function)).map(|(number, _)| *number)
}

/// The same script gives the same bytes: no clock, no umask, and no compressor whose next release
/// packs differently.
fn packed(script: &str) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    writer.start_file(SCRIPT, options)?;
    writer.write_all(script.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}
