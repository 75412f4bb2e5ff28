//! What SageMaker does once a training is started, played beside a server that runs no jobs.
//!
//! The rehearsal trains the very same commit; what its jobs left is put into the accounts under the id of the execution
//! that the server began, and the version is registered in the registry's account: all with boto3, at the moment when
//! the server has said that the execution is started and nobody has heard it yet.

use super::accounts::{Accounts, Hands};
use crate::{
    cloud::{DEV, REGISTRY},
    faults::proxy::Proxy,
    world::World,
};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use tempfile::TempDir;

/// Stands where an execution's id will.
const ID: &str = "EXECUTION";

/// What the pipeline's jobs do in the end: their files, and the version.
const DO: &str = "
import pathlib
sent = 0
for bucket, folder in BUCKETS.items():
    folder = pathlib.Path(folder)
    for path in (path for path in folder.rglob('*') if path.is_file()):
        key = str(path.relative_to(folder)).replace('EXECUTION', ARN.rsplit('/', 1)[1])
        client('s3').put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
        sent += 1
model = 's3://%s/mammography-severity-model/%s/model.tar.gz' % (list(BUCKETS)[1], ARN.rsplit('/', 1)[1])
tell(client('sagemaker').create_model_package(ModelPackageGroupName='mammo-severity-model-package',
    ModelApprovalStatus='PendingManualApproval', MetadataProperties={'GeneratedBy': ARN},
    InferenceSpecification={'Containers': [{'Image': 'x', 'ModelDataUrl': model}],
        'SupportedContentTypes': ['text/csv'], 'SupportedResponseMIMETypes': ['text/csv']})['ModelPackageArn'])";

/// Has every training from now on come to a good end.
pub(super) fn played(proxy: &Proxy, accounts: &Accounts) {
    let files = Arc::new(left_by_jobs());
    let (hands, buckets) = (accounts.hands_in(&accounts.registry), accounts.buckets());
    let registered: Arc<Mutex<Option<String>>> = Arc::default();
    let known = Arc::clone(&registered);
    proxy.plays("StartPipelineExecution", move |_, said| {
        let said: Value = serde_json::from_str(said).unwrap();
        let arn = said["PipelineExecutionArn"].as_str().unwrap();
        *known.lock().unwrap() = Some(end(&hands, (files.path(), &buckets), arn));
        None
    });
    proxy.plays("ListPipelineExecutionSteps", move |_, _| {
        registered.lock().unwrap().as_deref().map(steps)
    });
}

fn end(hands: &Hands, (files, buckets): (&Path, &[String; 2]), arn: &str) -> String {
    let folders = ["dev", "registry"].map(|name| files.join(name));
    let [dev, registry] = folders.each_ref().map(|folder: &PathBuf| folder.to_str().unwrap());
    let map = json!({ &buckets[0]: dev, &buckets[1]: registry });
    hands.act(&format!("ARN = '{arn}'\nBUCKETS = {map}{DO}")).as_str().unwrap().to_owned()
}

/// The steps, as ListPipelineExecutionSteps tells them.
fn steps(registered: &str) -> String {
    let step = |name: &str, metadata: Value| {
        json!({ "StepName": name, "StepStatus": "Succeeded", "Metadata": metadata,
            "StartTime": 1_790_000_000.0, "EndTime": 1_790_000_060.0 })
    };
    let job = "arn:aws:sagemaker:us-east-1:111111111111:training-job/of-mammo-train";
    json!({ "PipelineExecutionSteps": [
        step("Mammo-Train", json!({ "TrainingJob": { "Arn": job } })),
        step("Mammo-Register", json!({ "RegisterModel": { "Arn": registered } })),
    ]})
    .to_string()
}

/// What the rehearsal's jobs leave, by bucket, without their execution's id.
fn left_by_jobs() -> TempDir {
    let world = World::new();
    world.agent(&["run", "--branch", "main"]).done();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (account, name) in [(DEV, "dev"), (REGISTRY, "registry")] {
        let bucket = format!("sagemaker-{name}-bucket");
        let keys = world.cloud().keys(&bucket);
        runtime.block_on(async {
            let client = aws_sdk_s3::Client::new(&world.app(".agent").await.account(account).await);
            for key in keys {
                let Some(unnamed) = unnamed(&key) else { continue };
                let object = client.get_object().bucket(&bucket).key(&key).send().await.unwrap();
                let path = folder.path().join(name).join(unnamed);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, object.body.collect().await.unwrap().into_bytes()).unwrap();
            }
        });
    }
    folder
}

/// The key of what a job left, with [`ID`] in place of the execution's; nothing of what was there before.
fn unnamed(key: &str) -> Option<String> {
    let id = key.split('/').nth(1)?;
    (!["scripts", "data", "contract"].contains(&id)).then(|| key.replacen(id, ID, 1))
}
