//! A clinic with a trained model and its inference pipeline deployed, and batches to score.

use super::{
    train::{BUCKET, deploy, file, release},
    world::{TOKEN, World},
};
use aws_sdk_lambda::{
    primitives::Blob,
    types::{FunctionCode, Runtime},
};
use aws_sdk_sagemaker::types::{
    ModelApprovalStatus, ModelLifeCycle, PipelineExecutionStatus, PipelineExecutionStep,
    QualityCheckStepMetadata,
};
use relevo::definition::{Kind, function_name, render};
use serde_json::Value;
use std::io::{Cursor, Write as _};

const PACKAGE: &str = "arn:aws:sagemaker:us-east-1:333333333333:model-package/mammo-package";

pub(super) struct Clinic {
    pub(super) world: World,
    /// The rows that version 1 was trained on as the monitor's baseline knows them: no drift at all.
    pub(super) clean: String,
}

/// What became of one night.
pub(super) struct Night {
    pub(super) execution: String,
    pub(super) status: PipelineExecutionStatus,
    pub(super) steps: Vec<PipelineExecutionStep>,
}

impl Clinic {
    pub(super) async fn new() -> Self {
        let world = World::new().await;
        world.create("Mammo-Train", deploy(&world).await.value()).await;
        let mut clinic = Self { world, clean: String::new() };
        let trained = clinic.train(TOKEN).await;
        let baseline = format!("s3://{BUCKET}/mammo/{trained}/output/baseline/baseline.csv");
        clinic.clean = String::from_utf8(clinic.world.download(&baseline).await).unwrap();
        Box::pin(clinic.publish(&file("templates/scripts/latest_approved_model.py"))).await;
        let definition = clinic.definition().await;
        clinic.world.create("Mammo-Inference", &definition).await;
        clinic
    }

    /// Trains and registers one version more; gives the id of the execution.
    pub(super) async fn train(&self, token: &str) -> String {
        let execution = self.world.start("Mammo-Train", &[], token).await;
        assert_eq!(self.world.finish(&execution).await, PipelineExecutionStatus::Succeeded);
        execution.rsplit_once('/').unwrap().1.to_owned()
    }

    /// Publishes `code` as the function that the definition names, version 1.
    async fn publish(&self, code: &str) {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file("latest_approved_model.py", options).unwrap();
        archive.write_all(code.as_bytes()).unwrap();
        let archive = Blob::new(archive.finish().unwrap().into_inner());
        let create = self.world.lambda().create_function();
        let create = create
            .function_name(function_name(&self.world.environment))
            .runtime(Runtime::from("python3.12"))
            .role(self.world.environment.lambda_role.as_str())
            .handler("latest_approved_model.handler")
            .code(FunctionCode::builder().zip_file(archive).build());
        create.publish(true).send().await.unwrap();
    }

    /// The definition of the inference pipeline as it is deployed.
    pub(super) async fn definition(&self) -> Value {
        let template = file("templates/pipelines/inference.json.hbs");
        let release = release(&self.world).await;
        let rendered = render(Kind::Inference, &template, &self.world.environment, &release);
        rendered.unwrap().value().clone()
    }

    /// Gives the inference pipeline another definition.
    pub(super) async fn redefine(&self, definition: &Value) {
        let update = self.world.sagemaker().update_pipeline().pipeline_name("Mammo-Inference");
        update.pipeline_definition(definition.to_string()).send().await.unwrap();
    }

    /// From now on violations are reported and stop nothing.
    pub(super) async fn tolerate_violations(&self) {
        let mut definition = self.definition().await;
        let steps = definition["Steps"].as_array_mut().unwrap();
        let check = steps.iter_mut().find(|step| step["Type"] == "QualityCheck").unwrap();
        check["FailOnViolation"] = false.into();
        self.redefine(&definition).await;
    }

    /// Approves a version for production.
    pub(super) async fn approve(&self, version: u32) {
        self.world.pass(60);
        let cycle = ModelLifeCycle::builder().stage("prod").stage_status("Approved").build();
        let update = self.world.sagemaker_of("333333333333").update_model_package();
        let update = update
            .model_package_arn(format!("{PACKAGE}/{version}"))
            .model_approval_status(ModelApprovalStatus::Approved)
            .model_life_cycle(cycle);
        update.send().await.unwrap();
    }

    /// Where the model of a version is.
    pub(super) async fn artefact(&self, version: u32) -> String {
        let registry = self.world.sagemaker_of("333333333333");
        let name = format!("{PACKAGE}/{version}");
        let package =
            registry.describe_model_package().model_package_name(name).send().await.unwrap();
        let containers = package.inference_specification.unwrap().containers.unwrap();
        containers[0].model_data_url.clone().unwrap()
    }

    /// Puts tonight's batch and lets the pipeline score it.
    pub(super) async fn night(&self, batch: &str) -> Night {
        self.world.upload(BUCKET, "mammo/data/batch-dataset/batch.csv", batch).await;
        self.world.pass(24 * 60 * 60);
        let token = format!("{}-{:032}", "night", batch.len());
        let count = self.executions().await;
        let execution = self.world.start("Mammo-Inference", &[], &format!("{token}-{count}")).await;
        let status = self.world.finish(&execution).await;
        let steps = self.world.steps(&execution).await;
        Night { execution, status, steps }
    }

    async fn executions(&self) -> usize {
        let client = self.world.sagemaker();
        let listed = client.list_pipeline_executions().pipeline_name("Mammo-Inference").send();
        listed.await.unwrap().pipeline_execution_summaries().len()
    }
}

impl Night {
    fn step(&self, name: &str) -> Option<&PipelineExecutionStep> {
        self.steps.iter().find(|step| step.step_name() == Some(name))
    }

    /// Why the step failed.
    pub(super) fn failure(&self, step: &str) -> &str {
        self.step(step).and_then(|step| step.failure_reason()).unwrap_or_default()
    }

    /// All failures, for messages.
    pub(super) fn failures(&self) -> Vec<&str> {
        self.steps.iter().filter_map(|step| step.failure_reason()).collect()
    }

    pub(super) fn ran(&self, step: &str) -> bool {
        self.step(step).is_some()
    }

    pub(super) fn check(&self) -> &QualityCheckStepMetadata {
        let step = self.step("Mammo-DataQualityMonitor").unwrap();
        step.metadata().unwrap().quality_check().unwrap()
    }

    /// What the function that looks for the model answered under `name`.
    pub(super) fn found(&self, name: &str) -> &str {
        let lambda = self.step("LambdaStep").unwrap().metadata().unwrap().lambda().unwrap();
        let output = lambda.output_parameters().iter().find(|one| one.name() == Some(name));
        output.unwrap().value().unwrap()
    }

    /// Where the night's predictions are.
    pub(super) fn predictions(&self) -> String {
        let (_, id) = self.execution.rsplit_once('/').unwrap();
        format!("s3://{BUCKET}/mammo/{id}/output/inference/batch.csv.out")
    }
}
