//! QualityCheck: describes the data set as a new baseline.
//!
//! Only what registers a baseline is executed: a step that must hold its data against an older one fails and
//! says so.

use super::{
    super::{
        super::{Call, standin},
        jobs::JobKind,
    },
    Outcome, Running, Trouble, job, list, text,
};
use serde_json::{Value, json};

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let check = running.text("/CheckType")?;
    if check != "DATA_QUALITY" || !is_set(running, "/SkipCheck") {
        return Err(Trouble::failed(
            "the rehearsal does not execute QualityCheck steps yet that check (SkipCheck false)",
        ));
    }
    let folder = work(call, running).await;
    let failure = match &folder {
        Err(Trouble::Failed { reason, .. }) => Some(reason.as_str()),
        Err(Trouble::Service(_)) | Ok(_) => None,
    };
    let arn = job::record(call, running, JobKind::Processing, failure).await?;
    let mut shown = json!({
        "CheckType": check,
        "CheckJobArn": arn,
        "SkipCheck": true,
        "RegisterNewBaseline": is_set(running, "/RegisterNewBaseline"),
    });
    if let Some(group) = running.value("/ModelPackageGroupName").as_str() {
        shown["ModelPackageGroupName"] = json!(group);
    }
    let folder =
        folder.map_err(|trouble| trouble.showing(json!({ "QualityCheck": shown.clone() })))?;
    let mut properties = json!({});
    for (file, word, supplied) in [
        ("statistics.json", "Statistics", "/SuppliedBaselineStatistics"),
        ("constraints.json", "Constraints", "/SuppliedBaselineConstraints"),
    ] {
        let calculated = format!("{folder}/{file}");
        let used = match running.value(supplied).as_str() {
            Some(supplied) if !is_set(running, "/RegisterNewBaseline") => supplied.to_owned(),
            _ => calculated.clone(),
        };
        properties[format!("CalculatedBaseline{word}")] = json!(calculated);
        properties[format!("BaselineUsedForDriftCheck{word}")] = json!(used);
    }
    if let (Some(shown), Some(properties)) = (shown.as_object_mut(), properties.as_object()) {
        shown.extend(properties.clone());
    }
    Ok(Outcome { metadata: json!({ "QualityCheck": shown }), properties, ..Outcome::default() })
}

fn is_set(running: &Running<'_>, pointer: &str) -> bool {
    running.value(pointer) == &Value::Bool(true)
}

/// Writes both files and gives the S3 folder they are in.
async fn work(call: &mut Call<'_>, running: &Running<'_>) -> Result<String, Trouble> {
    let files = job::inputs(call, running).await?;
    let written = standin::baseline(&running.texts("/Arguments/Environment"), &files)?;
    job::outputs(call, running, &written).await?;
    let outputs = list(&running.step, "/Arguments/ProcessingOutputConfig/Outputs");
    let output = outputs.first().ok_or_else(|| {
        Trouble::failed("ClientError: ValidationException: a quality check needs an output")
    })?;
    Ok(text(output, "/S3Output/S3Uri")?.trim_end_matches('/').to_owned())
}
