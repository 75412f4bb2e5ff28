//! Transform: a model on every object under a prefix, one `.out` object for each.

use super::{
    super::{
        super::{
            Call, Scoring,
            standin::{Columns, Files, Join, Transform},
        },
        jobs::JobKind,
        models::{self, Model},
    },
    Outcome, Running, Trouble, job, text,
};
use serde_json::{Value, json};

/// What is executed of the settings that have more than one value; absent ones have the first.
const KNOWN: [(&str, &[&str]); 6] = [
    ("/Arguments/TransformInput/DataSource/S3DataSource/S3DataType", &["S3Prefix"]),
    ("/Arguments/TransformInput/ContentType", &["text/csv"]),
    ("/Arguments/TransformInput/SplitType", &["Line"]),
    ("/Arguments/TransformInput/CompressionType", &["None"]),
    ("/Arguments/TransformOutput/Accept", &["text/csv"]),
    ("/Arguments/TransformOutput/AssembleWith", &["Line"]),
];

pub(super) async fn run(call: &mut Call<'_>, running: &Running<'_>) -> Result<Outcome, Trouble> {
    let done = work(call, running).await;
    let failure = match &done {
        Err(Trouble::Failed { reason, .. }) => Some(reason.as_str()),
        Err(Trouble::Service(_)) | Ok(()) => None,
    };
    let arn = job::record(call, running, JobKind::Transform, failure).await?;
    let metadata = json!({ "TransformJob": { "Arn": arn } });
    done.map_err(|trouble| trouble.showing(metadata.clone()))?;
    let mut properties = running.value("/Arguments").clone();
    properties["TransformJobName"] = json!(running.job);
    properties["TransformJobArn"] = json!(arn);
    properties["TransformJobStatus"] = json!("Completed");
    Ok(Outcome { metadata, properties, ..Outcome::default() })
}

async fn work(call: &mut Call<'_>, running: &Running<'_>) -> Result<(), Trouble> {
    check_known(running)?;
    let transform = setup(running)?;
    let model = models::find(call, running.text("/Arguments/ModelName")?).await?;
    // The job acts as the model's role, whatever the pipeline's is.
    let acting = Running::acting_as(running, text(model.arguments(), "/ExecutionRoleArn")?);
    acting.check_role(call)?;
    let archive = archive(call, &acting, &model).await?;
    let input = running.text("/Arguments/TransformInput/DataSource/S3DataSource/S3Uri")?;
    let output = running.text("/Arguments/TransformOutput/S3OutputPath")?.trim_end_matches('/');
    let kms_key = running.value("/Arguments/TransformOutput/KmsKeyId").as_str();
    let mut files = Files::new();
    job::download(call, &acting, (input, ""), &mut files).await?;
    let texts = texts(files)?;
    // One container scores all objects.
    let lines: Vec<String> = texts.iter().flat_map(|(_, text)| transform.inputs(text)).collect();
    let count = lines.len();
    let scores = match count {
        0 => Vec::new(),
        _ => call.containers.score(Scoring { model: archive, lines }).await?,
    };
    if scores.len() != count {
        return Err(Trouble::failed("AlgorithmError: the model did not score every line"));
    }
    let mut scores = scores.as_slice();
    for (path, text) in texts {
        let (own, others) = scores.split_at(transform.inputs(&text).len());
        scores = others;
        let written = transform.outputs(&text, own);
        let target = format!("{output}{path}.out");
        job::upload(call, &acting, (&target, kms_key), written.into_bytes()).await?;
    }
    Ok(())
}

/// The objects as text, by path.
fn texts(files: Files) -> Result<Vec<(String, String)>, Trouble> {
    let text = |content| {
        String::from_utf8(content)
            .map_err(|_| Trouble::failed("ClientError: an object to transform is not UTF-8 text"))
    };
    files.into_iter().map(|(path, content)| Ok((path, text(content)?))).collect()
}

/// Fails the step where it asks for what is not rehearsed.
fn check_known(running: &Running<'_>) -> Result<(), Trouble> {
    for (pointer, known) in KNOWN {
        let value = running.value(pointer);
        if !value.is_null() && !known.iter().any(|known| value == known) {
            let field = pointer.trim_start_matches("/Arguments/").replace('/', ".");
            return Err(Trouble::failed(format!(
                "the rehearsal executes Transform steps with {field} {} only, not {value}",
                known.join(" or ")
            )));
        }
    }
    Ok(())
}

fn setup(running: &Running<'_>) -> Result<Transform, Trouble> {
    let filter = |name: &str| {
        let pointer = format!("/Arguments/DataProcessing/{name}");
        let text = running.value(&pointer).as_str().unwrap_or("$");
        text.parse::<Columns>().map_err(|flaw| {
            Trouble::failed(format!("the rehearsal's DataProcessing.{name}: {flaw}"))
        })
    };
    let join = match running.value("/Arguments/DataProcessing/JoinSource") {
        Value::Null => Join::None,
        source if source == "None" => Join::None,
        source if source == "Input" => Join::Input,
        source => {
            return Err(Trouble::failed(format!(
                "ClientError: ValidationException: JoinSource is None or Input, not {source}"
            )));
        }
    };
    Ok(Transform { input: filter("InputFilter")?, join, output: filter("OutputFilter")? })
}

/// The content of the model's `model.tar.gz`.
async fn archive(
    call: &mut Call<'_>,
    acting: &Running<'_>,
    model: &Model,
) -> Result<Vec<u8>, Trouble> {
    let container = model.container().ok_or_else(|| {
        Trouble::failed("the rehearsal transforms with models of exactly one container")
    })?;
    let image = text(container, "/Image")?;
    if !image.contains("/sagemaker-xgboost") {
        return Err(Trouble::failed(format!(
            "ClientError: the rehearsal transforms with images of sagemaker-xgboost only, not {image}"
        )));
    }
    let uri = text(container, "/ModelDataUrl")?;
    let mut files = Files::new();
    job::download(call, acting, (uri, ""), &mut files).await?;
    Ok(files.into_iter().next().map(|(_, content)| content).unwrap_or_default())
}
