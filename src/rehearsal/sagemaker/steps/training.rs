//! Training: channels in, `model.tar.gz` out.

use super::{
    super::{
        super::{Call, Files, Training},
        jobs::{Job, JobKind},
    },
    Outcome, Running, Trouble, job, list, text,
};
use serde_json::json;

/// Where a training job finds its channels.
const CHANNELS: &str = "/opt/ml/input/data";

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let artefact = work(call, running).await;
    let arguments = running.value("/Arguments");
    let record = Job::new(call, JobKind::Training, &running.job, arguments.clone());
    let arn = match &artefact {
        Ok(uri) => {
            let record = record.with_artefact(uri.clone());
            job::ended(call, running, (JobKind::Training, record), None).await?
        }
        Err(Trouble::Failed { reason, .. }) => {
            job::ended(call, running, (JobKind::Training, record), Some(reason)).await?
        }
        Err(Trouble::Service(_)) => String::new(),
    };
    let metadata = json!({ "TrainingJob": { "Arn": arn } });
    let artefact = artefact.map_err(|trouble| trouble.showing(metadata.clone()))?;
    let mut properties = arguments.clone();
    properties["TrainingJobName"] = json!(running.job);
    properties["TrainingJobArn"] = json!(arn);
    properties["TrainingJobStatus"] = json!("Completed");
    properties["ModelArtifacts"] = json!({ "S3ModelArtifacts": artefact });
    Ok(Outcome { metadata, properties, ..Outcome::default() })
}

/// Trains and gives the URI of the model.
async fn work(call: &mut Call<'_>, running: &Running<'_>) -> Result<String, Trouble> {
    let image = running.text("/Arguments/AlgorithmSpecification/TrainingImage")?;
    if !image.contains("/sagemaker-xgboost") {
        return Err(Trouble::failed(format!(
            "ClientError: the rehearsal trains with images of sagemaker-xgboost only, not {image}"
        )));
    }
    let mut channels = Files::new();
    for channel in list(&running.step, "/Arguments/InputDataConfig") {
        let uri = text(channel, "/DataSource/S3DataSource/S3Uri")?;
        let folder = format!("{CHANNELS}/{}", text(channel, "/ChannelName")?);
        job::download(call, running, (uri, &folder), &mut channels).await?;
    }
    let hyper_parameters = running.texts("/Arguments/HyperParameters");
    let job = Training { hyper_parameters, channels, longest: running.longest() };
    let model = call.containers.train(job).await?;
    let output = running.text("/Arguments/OutputDataConfig/S3OutputPath")?;
    let uri = format!("{}/{}/output/model.tar.gz", output.trim_end_matches('/'), running.job);
    let kms_key = running.value("/Arguments/OutputDataConfig/KmsKeyId").as_str();
    job::upload(call, running, (&uri, kms_key), model).await?;
    Ok(uri)
}
