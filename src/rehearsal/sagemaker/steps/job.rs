//! What every job does: bring files from S3 into the container, take files back.

use super::{
    super::{
        super::{Call, NewObject, standin::Files},
        jobs::{Job, JobKind},
    },
    Running, Trouble, job_log, list, text,
};
use serde_json::{Value, json};

/// Most objects that one input brings. The data sets here are a handful of files.
const MAX_OBJECTS: u32 = 10_000;

/// A place in S3.
struct Location<'u> {
    bucket: &'u str,
    key: &'u str,
}

fn location(uri: &str) -> Result<Location<'_>, Trouble> {
    let rest = uri.strip_prefix("s3://").filter(|rest| !rest.starts_with('/'));
    let rest = rest.ok_or_else(|| {
        Trouble::failed(format!("ClientError: ValidationException: '{uri}' is not an S3 URI"))
    })?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    Ok(Location { bucket, key })
}

/// Fails the step unless its role may do `action` on `key`, and the bucket lets its account in.
fn admitted(
    call: &Call<'_>,
    running: &Running<'_>,
    (action, bucket, key): (&str, &str, &str),
) -> Result<(), Trouble> {
    let found = call.landscape.bucket(bucket).ok_or_else(|| {
        Trouble::failed(format!("ClientError: NoSuchBucket: the bucket {bucket} does not exist"))
    })?;
    running.authorize(call, action, &call.place.bucket_arn(bucket, Some(key)))?;
    if found.accounts.contains(&call.place.account) {
        return Ok(());
    }
    Err(Trouble::failed(format!(
        "ClientError: AccessDenied: the policy of bucket {bucket} does not let account {} in",
        call.place.account
    )))
}

/// Is there an object at `uri`, and may the role of the execution read it?
pub(super) async fn exists(
    call: &mut Call<'_>,
    running: &Running<'_>,
    uri: &str,
) -> Result<bool, Trouble> {
    let Location { bucket, key } = location(uri)?;
    admitted(call, running, ("s3:GetObject", bucket, key))?;
    Ok(call.shelf.object_head(bucket, key).await?.is_some())
}

/// Brings the object at `uri`, or all under it, to the folder `local`.
pub(super) async fn download(
    call: &mut Call<'_>,
    running: &Running<'_>,
    (uri, local): (&str, &str),
    files: &mut Files,
) -> Result<(), Trouble> {
    let Location { bucket, key: prefix } = location(uri)?;
    admitted(call, running, ("s3:GetObject", bucket, prefix))?;
    let objects = call.shelf.objects(bucket, prefix, "", MAX_OBJECTS).await?;
    let before = files.len();
    for (key, _) in objects.iter().filter(|(key, _)| !key.ends_with('/')) {
        if let Some(object) = call.shelf.object(bucket, key).await? {
            let path = format!("{}/{}", local.trim_end_matches('/'), relative(key, prefix));
            files.insert(path, object.content.to_vec());
        }
    }
    if files.len() > before {
        return Ok(());
    }
    Err(Trouble::failed(format!(
        "ClientError: ClientError: Data download failed:No S3 objects found under S3 URL \"{uri}\" given in \
         input data source. Please ensure that the bucket exists in the selected region ({region}), that objects \
         exist under that S3 prefix, and that the role \"{role}\" has \"s3:ListBucket\" permissions on bucket \
         \"{bucket}\".",
        region = call.place.region,
        role = running.role,
    )))
}

/// The path of `key` below `prefix`: a prefix may be an object, a folder, or the beginning of names.
fn relative<'k>(key: &'k str, prefix: &str) -> &'k str {
    let rest = key.strip_prefix(prefix).unwrap_or(key);
    match rest.strip_prefix('/') {
        Some(inside) => inside,
        None if prefix.ends_with('/') || prefix.is_empty() => rest,
        None => {
            let folder = prefix.rfind('/').map_or(0, |slash| slash + 1);
            key.get(folder..).unwrap_or(key)
        }
    }
}

/// Writes one file to `uri`, encrypted with `kms_key`.
pub(super) async fn upload(
    call: &mut Call<'_>,
    running: &Running<'_>,
    (uri, kms_key): (&str, Option<&str>),
    content: Vec<u8>,
) -> Result<(), Trouble> {
    let Location { bucket, key } = location(uri)?;
    admitted(call, running, ("s3:PutObject", bucket, key))?;
    if let Some(kms_key) = kms_key
        && !call.landscape.has_key(kms_key, &call.place.account)
    {
        return Err(Trouble::failed(format!(
            "ClientError: KMS.NotFoundException: key '{kms_key}' does not exist"
        )));
    }
    let kms_key = kms_key.map(str::to_owned);
    let object = NewObject { content: content.into(), kms_key, ..NewObject::default() };
    call.shelf.put_object(bucket, key, object, call.now).await?;
    Ok(())
}

/// Brings all `ProcessingInputs`.
pub(super) async fn inputs(call: &mut Call<'_>, running: &Running<'_>) -> Result<Files, Trouble> {
    let mut files = Files::new();
    for input in list(&running.step, "/Arguments/ProcessingInputs") {
        let from_to = (text(input, "/S3Input/S3Uri")?, text(input, "/S3Input/LocalPath")?);
        download(call, running, from_to, &mut files).await?;
    }
    Ok(files)
}

/// Takes back what the job wrote under the local path of each output.
pub(super) async fn outputs(
    call: &mut Call<'_>,
    running: &Running<'_>,
    written: &Files,
) -> Result<(), Trouble> {
    let kms_key = running.value("/Arguments/ProcessingOutputConfig/KmsKeyId").as_str();
    for output in list(&running.step, "/Arguments/ProcessingOutputConfig/Outputs") {
        let uri = text(output, "/S3Output/S3Uri")?.trim_end_matches('/');
        let local = format!("{}/", text(output, "/S3Output/LocalPath")?.trim_end_matches('/'));
        for (path, content) in written {
            if let Some(name) = path.strip_prefix(&local) {
                let target = format!("{uri}/{name}");
                upload(call, running, (&target, kms_key), content.clone()).await?;
            }
        }
    }
    Ok(())
}

/// Keeps what Describe…Job tells of the step's job, and gives the job's ARN.
pub(super) async fn record(
    call: &mut Call<'_>,
    running: &Running<'_>,
    kind: JobKind,
    failure: Option<&str>,
) -> Result<String, Trouble> {
    let arguments = running.value("/Arguments").clone();
    let job = Job::new(call, kind, &running.job, arguments);
    ended(call, running, (kind, job), failure).await
}

/// Keeps the end of a job, and what it says of itself.
pub(super) async fn ended(
    call: &mut Call<'_>,
    running: &Running<'_>,
    (kind, job): (JobKind, Job),
    failure: Option<&str>,
) -> Result<String, Trouble> {
    job_log::write(call, running, kind, failure).await?;
    Ok(job.ended(call, failure).await?)
}

/// `properties` with its list of outputs turned into a map by name, as references reach them.
pub(super) fn outputs_by_name(arguments: &Value) -> Value {
    let outputs: serde_json::Map<String, Value> =
        list(arguments, "/ProcessingOutputConfig/Outputs")
            .iter()
            .filter_map(|output| {
                Some((output.get("OutputName")?.as_str()?.to_owned(), output.clone()))
            })
            .collect();
    json!({ "Outputs": outputs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_an_object_a_folder_or_the_beginning_of_names() {
        assert_eq!(
            relative("m/scripts/ab/preprocess.py", "m/scripts/ab/preprocess.py"),
            "preprocess.py"
        );
        assert_eq!(relative("m/data/train.csv", "m/data/"), "train.csv");
        assert_eq!(relative("m/data/a/train.csv", "m/data"), "a/train.csv");
        assert_eq!(relative("m/data-2/train.csv", "m/data"), "data-2/train.csv");
        assert_eq!(relative("train.csv", ""), "train.csv");
    }
}
