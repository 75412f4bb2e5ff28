//! QualityCheck: describes the data set, and unless the check is skipped holds it against a baseline.
//!
//! A step that fails because of violations shows where the report is; one that fails for another reason has none.
//! That is how those who read it tell drift from a broken job.

use super::{
    super::{
        super::{
            Call,
            standin::{self, Baseline, Files},
        },
        jobs::JobKind,
    },
    Outcome, Running, Trouble, job, list, text,
};
use serde_json::{Map, Value, json};

/// What the check found.
enum Finding {
    /// Nothing was held against anything.
    Skipped,
    /// The baseline is kept.
    Clean,
    /// It is not: the report is there.
    Violated { report: String },
}

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let check = running.text("/CheckType")?;
    if check != "DATA_QUALITY" {
        return Err(Trouble::failed(format!(
            "the rehearsal executes QualityCheck steps of type DATA_QUALITY only, not {check}"
        )));
    }
    let done = work(call, running).await;
    let failure = match &done {
        Err(Trouble::Failed { reason, .. }) => Some(reason.as_str()),
        Err(Trouble::Service(_)) | Ok(_) => None,
    };
    let arn = job::record(call, running, JobKind::Processing, failure).await?;
    let mut shown = json!({
        "CheckType": check,
        "CheckJobArn": arn,
        "SkipCheck": is_set(running, "/SkipCheck"),
        "RegisterNewBaseline": is_set(running, "/RegisterNewBaseline"),
    });
    if let Some(group) = running.value("/ModelPackageGroupName").as_str() {
        shown["ModelPackageGroupName"] = json!(group);
    }
    let (folder, finding) =
        done.map_err(|trouble| trouble.showing(json!({ "QualityCheck": shown.clone() })))?;
    let properties = baselines(running, &folder);
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(properties.clone());
    }
    conclude(running, shown, (properties, finding))
}

/// The outcome of a check that was done; violations fail the step where it says so.
fn conclude(
    running: &Running<'_>,
    mut shown: Value,
    (properties, finding): (Map<String, Value>, Finding),
) -> Result<Outcome, Trouble> {
    if let Finding::Violated { report } = finding {
        shown["ViolationReport"] = json!(report);
        // The SDK's default, and so the service's.
        if running.value("/FailOnViolation") != &Value::Bool(false) {
            let reason =
                format!("ClientError: Quality check failed. See violation report: {report}");
            return Err(Trouble::failed(reason).showing(json!({ "QualityCheck": shown })));
        }
    }
    Ok(Outcome {
        metadata: json!({ "QualityCheck": shown }),
        properties: Value::Object(properties),
        ..Outcome::default()
    })
}

/// Where the new baseline is, and which one counts for drift checks.
fn baselines(running: &Running<'_>, folder: &str) -> Map<String, Value> {
    let mut properties = Map::new();
    for (file, word, supplied) in [
        ("statistics.json", "Statistics", "/SuppliedBaselineStatistics"),
        ("constraints.json", "Constraints", "/SuppliedBaselineConstraints"),
    ] {
        let calculated = format!("{folder}/{file}");
        let used = match running.value(supplied).as_str() {
            Some(supplied) if !is_set(running, "/RegisterNewBaseline") => supplied.to_owned(),
            _ => calculated.clone(),
        };
        properties.insert(format!("CalculatedBaseline{word}"), json!(calculated));
        properties.insert(format!("BaselineUsedForDriftCheck{word}"), json!(used));
    }
    properties
}

fn is_set(running: &Running<'_>, pointer: &str) -> bool {
    running.value(pointer) == &Value::Bool(true)
}

/// Writes the files, and gives the S3 folder they are in and what was found.
async fn work(call: &mut Call<'_>, running: &Running<'_>) -> Result<(String, Finding), Trouble> {
    let outputs = list(&running.step, "/Arguments/ProcessingOutputConfig/Outputs");
    let output = outputs.first().ok_or_else(|| {
        Trouble::failed("ClientError: ValidationException: a quality check needs an output")
    })?;
    let folder = text(output, "/S3Output/S3Uri")?.trim_end_matches('/').to_owned();
    let files = job::inputs(call, running).await?;
    let environment = running.texts("/Arguments/Environment");
    let (written, finding) = if is_set(running, "/SkipCheck") {
        (standin::baseline(&environment, &files)?, Finding::Skipped)
    } else {
        let baseline = supplied(call, running).await?;
        let (written, violations) = standin::check(&environment, &files, &baseline)?;
        let report = format!("{folder}/{}", standin::VIOLATIONS);
        (written, if violations == 0 { Finding::Clean } else { Finding::Violated { report } })
    };
    job::outputs(call, running, &written).await?;
    Ok((folder, finding))
}

/// The baseline that the step is given.
async fn supplied(call: &mut Call<'_>, running: &Running<'_>) -> Result<Baseline, Trouble> {
    Ok(Baseline {
        statistics: document(call, running, "/SuppliedBaselineStatistics").await?,
        constraints: document(call, running, "/SuppliedBaselineConstraints").await?,
    })
}

/// The JSON document at the URI that the step has under `pointer`.
async fn document(
    call: &mut Call<'_>,
    running: &Running<'_>,
    pointer: &str,
) -> Result<Value, Trouble> {
    let field = pointer.trim_start_matches('/');
    let uri = running.value(pointer).as_str().ok_or_else(|| {
        Trouble::failed(format!(
            "ClientError: ValidationException: a check needs {field}; the rehearsal takes no baseline from the \
             model package group"
        ))
    })?;
    let mut files = Files::new();
    job::download(call, running, (uri, ""), &mut files).await?;
    let content = files.first_key_value().map(|(_, content)| content.as_slice());
    serde_json::from_slice(content.unwrap_or_default())
        .map_err(|_| Trouble::failed(format!("ClientError: {field} at {uri} is not JSON")))
}
