//! Processing: a script on files.

use super::{
    super::{
        super::{Call, Files, Processing},
        jobs::JobKind,
    },
    Outcome, Running, Trouble, job, list, text,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let written = work(call, running).await;
    let failure = match &written {
        Err(Trouble::Failed { reason, .. }) => Some(reason.as_str()),
        Err(Trouble::Service(_)) | Ok(_) => None,
    };
    let arn = job::record(call, running, JobKind::Processing, failure).await?;
    let metadata = json!({ "ProcessingJob": { "Arn": arn } });
    let written = written.map_err(|trouble| trouble.showing(metadata.clone()))?;
    let property_files =
        property_files(running, &written).map_err(|trouble| trouble.showing(metadata.clone()))?;
    Ok(Outcome { properties: properties(running, &arn), metadata, property_files, taken: None })
}

async fn work(call: &mut Call<'_>, running: &Running<'_>) -> Result<Files, Trouble> {
    let job = prepared(call, running).await?;
    let written = call.containers.process(job).await?;
    job::outputs(call, running, &written).await?;
    Ok(written)
}

/// The job as its container gets it.
pub(super) async fn prepared(
    call: &mut Call<'_>,
    running: &Running<'_>,
) -> Result<Processing, Trouble> {
    let files = job::inputs(call, running).await?;
    let command = ["ContainerEntrypoint", "ContainerArguments"]
        .iter()
        .flat_map(|part| list(&running.step, &format!("/Arguments/AppSpecification/{part}")))
        .map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned))
        .collect();
    let outputs = list(&running.step, "/Arguments/ProcessingOutputConfig/Outputs");
    Ok(Processing {
        command,
        variables: running.texts("/Arguments/Environment"),
        files,
        outputs: outputs
            .iter()
            .map(|output| text(output, "/S3Output/LocalPath").map(str::to_owned))
            .collect::<Result<_, _>>()?,
        longest: running.longest(),
    })
}

/// What `Steps.NAME.…` reaches: the answer of DescribeProcessingJob, outputs by name.
fn properties(running: &Running<'_>, arn: &str) -> Value {
    let arguments = running.value("/Arguments");
    let mut properties = arguments.clone();
    properties["ProcessingJobName"] = json!(running.job);
    properties["ProcessingJobArn"] = json!(arn);
    properties["ProcessingJobStatus"] = json!("Completed");
    properties["ProcessingOutputConfig"] = job::outputs_by_name(arguments);
    properties
}

/// The declared property files, read from what the job wrote.
fn property_files(
    running: &Running<'_>,
    written: &Files,
) -> Result<BTreeMap<String, Value>, Trouble> {
    let outputs = list(&running.step, "/Arguments/ProcessingOutputConfig/Outputs");
    let mut files = BTreeMap::new();
    for declared in list(&running.step, "/PropertyFiles") {
        let text = |field| declared.get(field).and_then(Value::as_str).unwrap_or_default();
        let name = text("PropertyFileName");
        let output = outputs.iter().find(|output| {
            output.get("OutputName").and_then(Value::as_str) == Some(text("OutputName"))
        });
        let folder = output
            .and_then(|output| output.pointer("/S3Output/LocalPath")?.as_str())
            .unwrap_or_default();
        let path = format!("{}/{}", folder.trim_end_matches('/'), text("FilePath"));
        let content = written.get(&path).and_then(|file| serde_json::from_slice(file).ok());
        let content = content.ok_or_else(|| {
            Trouble::failed(format!(
                "ClientError: property file '{name}': the job wrote no JSON file '{path}'"
            ))
        })?;
        files.insert(name.to_owned(), content);
    }
    Ok(files)
}
