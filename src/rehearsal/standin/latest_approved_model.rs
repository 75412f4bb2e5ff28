//! latest_approved_model.py: which version an environment uses tonight.
//!
//! Same rules, same names of outcomes, same words as the Python function; who calls the registry and S3 for it is
//! the step's affair. Descriptions are those of DescribeModelPackage, as it answers on the wire.

mod invoke;

pub(in crate::rehearsal) use invoke::invoke;

use super::Raised;
use serde_json::{Map, Value};
use std::cmp::Ordering;

fn unusable(message: String) -> Raised {
    Raised::new("UnusableModel", message)
}

/// Versions on a page: the most ListModelPackages gives.
const PAGE_SIZE: usize = 100;
/// Pages that are read; each version costs one Describe.
const MAX_PAGES: usize = 10;

/// There are more approved versions than the function looks through.
fn too_many(group: &str) -> Raised {
    let most = PAGE_SIZE * MAX_PAGES;
    Raised::new("TooManyModels", format!("{group} has more than {most} approved versions"))
}

/// The description of the completed version that was approved last, for the life-cycle stage if one is asked.
///
/// # Errors
/// `NoApprovedModel`.
fn latest_approved<'p>(
    packages: &'p [Value],
    group: &str,
    stage: Option<&str>,
) -> Result<&'p Value, Raised> {
    // The list may be older than a rejection.
    let approved = packages.iter().filter(|package| {
        text(package, "/ModelApprovalStatus") == Some("Approved")
            && text(package, "/ModelPackageStatus") == Some("Completed")
    });
    let (candidates, others): (Vec<&Value>, Vec<&Value>) =
        approved.partition(|package| is_for(package, stage));
    candidates
        .into_iter()
        .max_by(|one, other| by_last_touch(one, other))
        .ok_or_else(|| Raised::new("NoApprovedModel", what_would_help(group, stage, &others)))
}

/// May the stage use this approved version?
fn is_for(package: &Value, stage: Option<&str>) -> bool {
    stage.is_none()
        || text(package, "/ModelLifeCycle/Stage") == stage
            && text(package, "/ModelLifeCycle/StageStatus") == Some("Approved")
}

/// The registry keeps no time of approval; that of the last change comes closest.
fn by_last_touch(one: &Value, other: &Value) -> Ordering {
    let touched = |package: &Value| {
        let modified = package.get("LastModifiedTime").and_then(Value::as_f64);
        let time = modified.or_else(|| package.get("CreationTime")?.as_f64());
        (time.unwrap_or_default(), version(package))
    };
    let ((time, number), (other_time, other_number)) = (touched(one), touched(other));
    time.total_cmp(&other_time).then(number.cmp(&other_number))
}

fn version(package: &Value) -> u64 {
    package.get("ModelPackageVersion").and_then(Value::as_u64).unwrap_or_default()
}

/// Why no version can be used, and the command that changes it.
fn what_would_help(group: &str, stage: Option<&str>, others: &[&Value]) -> String {
    let Some(stage) = stage else {
        return format!("no approved model version in {group}: approve one first");
    };
    match others.iter().map(|package| version(package)).max() {
        None => format!(
            "no approved model version in {group}: `agent models approve VERSION --env {stage}` approves one"
        ),
        Some(newest) => format!(
            "no model version in {group} is approved for {stage}; version {newest} is approved, but not for that: \
             `agent models promote {newest} --env {stage}` changes it"
        ),
    }
}

/// An object in S3 with the ETag it had when it was registered.
#[derive(Debug, PartialEq, Eq)]
struct Artefact {
    /// Bucket it is in.
    bucket: String,
    /// Its key.
    key: String,
    etag: String,
    /// ARN of the version it belongs to.
    package: String,
}

impl Artefact {
    /// Is it still the object that was registered?
    ///
    /// # Errors
    /// `UnusableModel`.
    fn check(&self, etag: &str) -> Result<(), Raised> {
        if etag.trim_matches('"') == self.etag {
            return Ok(());
        }
        let arn = &self.package;
        Err(unusable(format!("{arn}: the model artefact was changed after it was registered")))
    }
}

/// What the pipeline's later steps read, and the artefact that is still to be looked at.
type Found = (Map<String, Value>, Option<Artefact>);

/// The function's answer for a version.
///
/// # Errors
/// `UnusableModel` if it lacks a part.
fn outputs(package: &Value) -> Result<Found, Raised> {
    let arn = text(package, "/ModelPackageArn").unwrap_or_default();
    let containers =
        package.pointer("/InferenceSpecification/Containers").and_then(Value::as_array);
    let [container] = containers.map_or(&[][..], Vec::as_slice) else {
        let count = containers.map_or(0, Vec::len);
        return Err(unusable(format!(
            "{arn} has {count} containers; the model step can use exactly one"
        )));
    };
    let baseline = |part: &str| {
        text(package, &format!("/DriftCheckBaselines/ModelDataQuality/{part}/S3Uri"))
            .map(str::to_owned)
    };
    let parts = [
        ("image_uri", pinned_image(arn, container)?),
        (
            "imputer_uri",
            text(package, "/CustomerMetadataProperties/imputer_uri").map(str::to_owned),
        ),
        ("model_artifact_uri", text(container, "/ModelDataUrl").map(str::to_owned)),
        ("model_package_arn", Some(arn.to_owned())),
        ("s3_baseline_uri_constraints", baseline("Constraints")),
        ("s3_baseline_uri_statistics", baseline("Statistics")),
    ];
    let lacking: Vec<&str> =
        parts.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| *name).collect();
    if !lacking.is_empty() {
        let lacking = lacking.join(", ");
        return Err(unusable(format!("{arn} was registered without {lacking}")));
    }
    let answer = parts
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
        .collect();
    Ok((answer, artefact(arn, container)?))
}

/// The image by the digest that was registered, so that a moved tag cannot change what runs.
fn pinned_image(arn: &str, container: &Value) -> Result<Option<String>, Raised> {
    let digest = text(container, "/ImageDigest").unwrap_or_default();
    let Some(image) = text(container, "/Image") else { return Ok(None) };
    if !is_digest(digest) {
        return Ok(Some(image.to_owned()));
    }
    let (name, pinned) = image.split_once('@').unwrap_or((image, digest));
    if pinned != digest {
        return Err(unusable(format!(
            "{arn} names an image by another digest than it was registered with"
        )));
    }
    let (folder, last) = name.rsplit_once('/').map_or((None, name), |(f, last)| (Some(f), last));
    let repository = last.split(':').next().unwrap_or(last);
    let repository = folder.map_or(repository.to_owned(), |f| format!("{f}/{repository}"));
    Ok(Some(format!("{repository}@{digest}")))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// The artefact to look at; the registry may hold no ETag of it.
fn artefact(arn: &str, container: &Value) -> Result<Option<Artefact>, Raised> {
    let Some(etag) = text(container, "/ModelDataETag") else { return Ok(None) };
    let uri = text(container, "/ModelDataUrl").unwrap_or_default();
    let location = uri.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let (bucket, key) = location
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| unusable(format!("{arn} has a model artefact that is not in S3")))?;
    Ok(Some(Artefact {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        etag: etag.trim_matches('"').to_owned(),
        package: arn.to_owned(),
    }))
}

/// A text that says something.
fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
