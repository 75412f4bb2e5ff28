//! The example's two pipelines, deployed by hand in a cloud of their own.

use crate::rehearsal::bench::{Bench, PROD, REGISTRY, environment};
use aws_sdk_sagemaker::types::{
    ModelApprovalStatus, ModelLifeCycle, PipelineExecutionStatus, PipelineExecutionStep,
};
use jiff::SignedDuration;
use relevo::{
    app::RealScripts,
    definition::{Kind, Release, function_name, render},
    ids::Digest,
    spec::{DataContract, Environment},
};
use serde_json::Value;
use std::{
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) const BUCKET: &str = "sagemaker-prod-bucket";
pub(super) const ARTIFACTS: &str = "sagemaker-registry-bucket";
const MODEL: &str = "mammography-severity-model";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// More looks than an execution has steps.
const MAX_LOOKS: usize = 20;
/// Rows of a batch.
const BATCH: usize = 60;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

pub(super) struct Pipelines {
    pub(super) bench: Bench,
    environment: Environment,
}

impl Pipelines {
    /// With what the pipelines need; jobs run in `python`, or in the stand-ins.
    pub(super) async fn new(python: Option<&PathBuf>) -> Self {
        let mut pipelines =
            Self { bench: Bench::new().await, environment: environment("prod", PROD) };
        if let Some(python) = python {
            pipelines.use_python(python).await;
        }
        Box::pin(pipelines.deploy()).await;
        pipelines
    }

    /// From now on jobs run in `python`.
    pub(super) async fn use_python(&mut self, python: &Path) {
        let jobs = self.bench.folder.path().join("jobs");
        let scripts = Arc::new(RealScripts::open(python, &jobs).await.unwrap());
        self.bench.rehearsal = self.bench.rehearsal.clone().with_containers(scripts);
    }

    fn sagemaker(&self, account: &str) -> aws_sdk_sagemaker::Client {
        aws_sdk_sagemaker::Client::new(&self.bench.admin(account))
    }

    async fn upload(&self, key: &str, text: String) {
        let s3 = aws_sdk_s3::Client::new(&self.bench.admin(PROD));
        let put = s3.put_object().bucket(BUCKET).key(key).body(text.into_bytes().into());
        put.send().await.unwrap();
    }

    /// Uploads data, batch, contract and scripts, makes the function, creates both pipelines.
    async fn deploy(&self) {
        let data = file("data/mammographic.csv");
        let contract: DataContract = serde_yaml::from_str(&file("data/mammographic.yaml")).unwrap();
        let batch: String = data
            .lines()
            .skip(1)
            .take(BATCH)
            .map(|row| format!("{}\n", row.rsplit_once(',').unwrap().0))
            .collect();
        let dataset = &self.environment.batch_dataset;
        self.upload(&format!("{MODEL}/data/batch-dataset/{dataset}.csv"), batch).await;
        self.upload(&format!("{MODEL}/data/train/mammographic.csv"), data.clone()).await;
        let contract_key = format!("{MODEL}/scripts/contract.json");
        self.upload(&contract_key, serde_json::to_string(&contract).unwrap()).await;
        let mut scripts = std::collections::BTreeMap::new();
        for name in ["preprocess.py", "evaluate.py", "batch_preprocess.py"] {
            let key = format!("{MODEL}/scripts/{name}");
            self.upload(&key, file(&format!("templates/scripts/{name}"))).await;
            scripts.insert(name.to_owned(), key);
        }
        let code = file("templates/scripts/latest_approved_model.py");
        Box::pin(self.make_function(&code)).await;
        let release = Release {
            commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
            repository: "mlops/mammography".to_owned(),
            data_key_prefix: format!("{MODEL}/data/train"),
            data_digest: Digest::of(data),
            scripts,
            contract_key,
            function_version: 1,
            auc_at_least: 0.7,
        };
        for (kind, template) in [(Kind::Train, "train"), (Kind::Inference, "inference")] {
            let template = file(&format!("templates/pipelines/{template}.json.hbs"));
            let definition = render(kind, &template, &self.environment, &release).unwrap();
            let create = self.sagemaker(PROD).create_pipeline().client_request_token(TOKEN);
            create
                .pipeline_name(kind.pipeline(&self.environment).as_str())
                .role_arn(kind.role(&self.environment).as_str())
                .pipeline_definition(definition.value().to_string())
                .send()
                .await
                .unwrap();
        }
    }

    /// The function with this code, as version 1.
    async fn make_function(&self, code: &str) {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file("latest_approved_model.py", options).unwrap();
        zip.write_all(code.as_bytes()).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let code = aws_sdk_lambda::types::FunctionCode::builder().zip_file(zip.into()).build();
        let create = aws_sdk_lambda::Client::new(&self.bench.admin(PROD)).create_function();
        create
            .function_name(function_name(&self.environment))
            .runtime(aws_sdk_lambda::types::Runtime::Python312)
            .handler("latest_approved_model.handler")
            .role(self.environment.lambda_role.as_str())
            .timeout(60)
            .code(code)
            .publish(true)
            .send()
            .await
            .unwrap();
    }

    /// Trains, and gives the execution's id.
    pub(super) async fn train(&self) -> String {
        let (id, steps) = self.execute(Kind::Train, TOKEN).await;
        let reasons: Vec<_> = steps.iter().filter_map(|step| step.failure_reason()).collect();
        assert!(reasons.is_empty(), "{reasons:?}");
        id
    }

    /// Starts the pipeline, and gives the execution's ARN.
    pub(super) async fn start(&self, kind: Kind, token: &str) -> String {
        let sagemaker = self.sagemaker(PROD);
        let start = sagemaker.start_pipeline_execution().client_request_token(token);
        let start = start.pipeline_name(kind.pipeline(&self.environment).as_str());
        start.send().await.unwrap().pipeline_execution_arn.unwrap()
    }

    /// Looks at an execution once.
    pub(super) async fn status(&self, execution: &str) -> PipelineExecutionStatus {
        let sagemaker = self.sagemaker(PROD);
        let look = sagemaker.describe_pipeline_execution().pipeline_execution_arn(execution);
        look.send().await.unwrap().pipeline_execution_status.unwrap()
    }

    /// Executes the pipeline to its end, and gives the execution's id and its steps, the first first.
    pub(super) async fn execute(
        &self,
        kind: Kind,
        token: &str,
    ) -> (String, Vec<PipelineExecutionStep>) {
        let sagemaker = self.sagemaker(PROD);
        let execution = self.start(kind, token).await;
        for _ in 0..MAX_LOOKS {
            self.bench.pass(SignedDuration::from_secs(1));
            if self.status(&execution).await != PipelineExecutionStatus::Executing {
                break;
            }
        }
        let steps = sagemaker.list_pipeline_execution_steps().pipeline_execution_arn(&execution);
        let mut steps = steps.send().await.unwrap().pipeline_execution_steps.unwrap();
        steps.sort_by_key(|step| step.end_time().map(|time| time.as_nanos()));
        (execution.rsplit('/').next().unwrap().to_owned(), steps)
    }

    /// Approves the newest version for prod.
    pub(super) async fn approve(&self) {
        let registry = self.sagemaker(REGISTRY);
        let group = self.environment.model_package_group.as_str();
        let listed = registry.list_model_packages().model_package_group_name(group);
        let packages = listed.send().await.unwrap().model_package_summary_list.unwrap();
        let newest = packages.last().unwrap().model_package_arn().unwrap();
        let stage = ModelLifeCycle::builder().stage("prod").stage_status("Approved").build();
        let update = registry.update_model_package().model_package_arn(newest);
        update
            .model_approval_status(ModelApprovalStatus::Approved)
            .model_life_cycle(stage)
            .send()
            .await
            .unwrap();
    }

    /// What an execution left at `path` below its own folder.
    pub(super) async fn bytes(&self, bucket: &str, id: &str, path: &str) -> Vec<u8> {
        let s3 = aws_sdk_s3::Client::new(&self.bench.admin(PROD));
        let key = format!("{MODEL}/{id}/{path}");
        let object = s3.get_object().bucket(bucket).key(&key).send().await;
        let object = object.unwrap_or_else(|error| panic!("{key}: {error:?}"));
        object.body.collect().await.unwrap().to_vec()
    }

    pub(super) async fn json(&self, bucket: &str, id: &str, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(bucket, id, path).await).unwrap()
    }
}

/// What the Lambda step gave, by name.
pub(super) fn outputs(steps: &[PipelineExecutionStep]) -> Vec<(String, String)> {
    let lambda = steps.iter().find_map(|step| step.metadata()?.lambda());
    let outputs = lambda.unwrap().output_parameters();
    outputs
        .iter()
        .map(|output| (output.name().unwrap().to_owned(), output.value().unwrap().to_owned()))
        .collect()
}
