//! The train pipeline both ways: what is exact must be equal, what is estimated must agree.

use crate::{
    python::equipped_python,
    rehearsal::bench::{Bench, PROD, environment},
};
use aws_sdk_sagemaker::types::PipelineExecutionStatus;
use jiff::SignedDuration;
use relevo::{
    app::RealScripts,
    definition::{Kind, Release, render},
    ids::Digest,
    rehearsal::{Containers as _, Files, Training},
    spec::DataContract,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const BUCKET: &str = "sagemaker-prod-bucket";
const MODEL: &str = "mammography-severity-model";
const ARTIFACTS: &str = "sagemaker-registry-bucket";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// More looks than the execution has steps.
const MAX_LOOKS: usize = 20;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// What an execution of the train pipeline left, by the path below its own folder.
struct Left {
    bench: Bench,
    folder: String,
}

impl Left {
    /// Runs the train pipeline of the example in its own cloud.
    async fn of(python: Option<&PathBuf>) -> Self {
        let mut bench = Bench::new().await;
        if let Some(python) = python {
            let scripts =
                RealScripts::open(python, &bench.folder.path().join("jobs")).await.unwrap();
            bench.rehearsal = bench.rehearsal.clone().with_containers(Arc::new(scripts));
        }
        let definition = deploy(&bench).await;
        let sagemaker = aws_sdk_sagemaker::Client::new(&bench.admin(PROD));
        let environment = environment("prod", PROD);
        sagemaker
            .create_pipeline()
            .pipeline_name("train")
            .role_arn(environment.train_role.as_str())
            .client_request_token(TOKEN)
            .pipeline_definition(definition.to_string())
            .send()
            .await
            .unwrap();
        let start = sagemaker.start_pipeline_execution().pipeline_name("train");
        let started = start.client_request_token(TOKEN).send().await.unwrap();
        let execution = started.pipeline_execution_arn.unwrap();
        for _ in 0..MAX_LOOKS {
            bench.pass(SignedDuration::from_secs(1));
            let look = sagemaker.describe_pipeline_execution().pipeline_execution_arn(&execution);
            let status = look.send().await.unwrap().pipeline_execution_status.unwrap();
            if status != PipelineExecutionStatus::Executing {
                break;
            }
        }
        let steps = sagemaker.list_pipeline_execution_steps().pipeline_execution_arn(&execution);
        let steps = steps.send().await.unwrap().pipeline_execution_steps.unwrap();
        let reasons: Vec<_> = steps.iter().filter_map(|step| step.failure_reason()).collect();
        assert!(reasons.is_empty(), "{reasons:?}");
        let id = execution.rsplit('/').next().unwrap();
        Self { bench, folder: format!("{MODEL}/{id}") }
    }

    async fn bytes(&self, bucket: &str, path: &str) -> Vec<u8> {
        let s3 = aws_sdk_s3::Client::new(&self.bench.admin(PROD));
        let key = format!("{}/{path}", self.folder);
        let object = s3.get_object().bucket(bucket).key(&key).send().await;
        let object = object.unwrap_or_else(|error| panic!("{key}: {error:?}"));
        object.body.collect().await.unwrap().to_vec()
    }

    async fn json(&self, bucket: &str, path: &str) -> Value {
        serde_json::from_slice(&self.bytes(bucket, path).await).unwrap()
    }

    /// The AUC and half the width of its 95 % interval.
    async fn auc(&self) -> (f64, f64) {
        let evaluation = self.json(ARTIFACTS, "output/evaluation/evaluation.json").await;
        let auc = &evaluation["classification_metrics"]["auc"];
        (auc["value"].as_f64().unwrap(), 1.96 * auc["standard_deviation"].as_f64().unwrap())
    }
}

/// Uploads data, contract and scripts as a deploy does, and renders the definition that refers to them.
async fn deploy(bench: &Bench) -> Value {
    let contract: DataContract = serde_yaml::from_str(&file("data/mammographic.yaml")).unwrap();
    let data = file("data/mammographic.csv");
    let script = |name: &str| {
        (format!("{MODEL}/scripts/{name}"), file(&format!("templates/scripts/{name}")))
    };
    let scripts = ["preprocess.py", "evaluate.py", "batch_preprocess.py"].map(script);
    let contract = serde_json::to_string(&contract).unwrap();
    let others = [
        (format!("{MODEL}/data/mammographic.csv"), data.clone()),
        (format!("{MODEL}/scripts/contract.json"), contract),
    ];
    let s3 = aws_sdk_s3::Client::new(&bench.admin(PROD));
    for (key, text) in scripts.iter().chain(&others) {
        let put = s3.put_object().bucket(BUCKET).key(key).body(text.clone().into_bytes().into());
        put.send().await.unwrap();
    }
    let scripts = scripts
        .iter()
        .map(|(key, _)| (key.rsplit('/').next().unwrap().to_owned(), key.clone()))
        .collect();
    let release = Release {
        commit: "0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        repository: "mlops/mammography".to_owned(),
        data_key_prefix: format!("{MODEL}/data"),
        data_digest: Digest::of(data),
        scripts,
        contract_key: format!("{MODEL}/scripts/contract.json"),
        function_version: 1,
        auc_at_least: 0.7,
    };
    let template = file("templates/pipelines/train.json.hbs");
    render(Kind::Train, &template, &environment("prod", PROD), &release).unwrap().value().clone()
}

#[tokio::test]
async fn scripts_and_stand_ins_split_impute_and_describe_alike_and_their_models_agree() {
    let Some(python) = equipped_python() else { return };
    let (real, stand_in) = tokio::join!(Left::of(Some(&python)), Left::of(None));
    for path in
        ["train/train.csv", "validation/validation.csv", "test/test.csv", "baseline/baseline.csv"]
    {
        let path = format!("output/{path}");
        assert!(real.bytes(BUCKET, &path).await == stand_in.bytes(BUCKET, &path).await, "{path}");
    }
    for path in ["output/imputer/imputer.json", "dataqualitycheckstep/constraints.json"] {
        assert_eq!(
            real.json(ARTIFACTS, path).await,
            stand_in.json(ARTIFACTS, path).await,
            "{path}"
        );
    }
    let ((auc, width), (other, other_width)) = (real.auc().await, stand_in.auc().await);
    let apart = (auc - other).abs();
    assert!(apart < width && apart < other_width, "{auc} ± {width}, {other} ± {other_width}");
    let scores = real.bytes(ARTIFACTS, "output/evaluation/scores.csv").await;
    assert!(scores != stand_in.bytes(ARTIFACTS, "output/evaluation/scores.csv").await);
}

/// A training job on 200 rows of which every tenth breaks the rule.
fn training(parameters: &[(&str, &str)]) -> Training {
    let rows: String = (0..200_u32)
        .map(|row| {
            let x = row * 37 % 100;
            format!("{},{x},{}\n", u8::from((x > 50) != (row % 10 == 0)), row % 7)
        })
        .collect();
    let channel =
        |name: &str| (format!("/opt/ml/input/data/{name}/{name}.csv"), rows.clone().into_bytes());
    let hyper_parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let channels = Files::from([channel("train"), channel("validation")]);
    Training { hyper_parameters, channels, longest: Duration::from_secs(60) }
}

#[tokio::test]
async fn training_again_gives_the_same_bytes() {
    let Some(bench) = super::Bench::new().await else { return };
    let job = || {
        training(&[
            ("num_round", "9"),
            ("objective", "binary:logistic"),
            ("subsample", "0.7"),
            ("seed", "1"),
        ])
    };
    let (one, other) = tokio::join!(bench.scripts.train(job()), bench.scripts.train(job()));
    let one = one.unwrap();
    assert_eq!(one, other.unwrap());
    assert!(relevo::rehearsal::unpack_model(&one).is_ok());
}

#[tokio::test]
async fn hyper_parameters_and_data_are_refused_in_the_words_of_the_image() {
    let Some(bench) = super::Bench::new().await else { return };
    let rounds = ("num_round", "9");
    let refused = async |job: Training| bench.scripts.train(job).await.unwrap_err().to_string();
    let (none, extraneous, range, channel, class) = tokio::join!(
        refused(training(&[])),
        refused(training(&[rounds, ("num_rounds", "50")])),
        refused(training(&[rounds, ("eta", "1.5")])),
        async {
            let mut job = training(&[rounds]);
            job.channels.insert("/opt/ml/input/data/test/t.csv".to_owned(), b"1,1\n".to_vec());
            refused(job).await
        },
        async {
            let mut job = training(&[rounds, ("objective", "binary:logistic")]);
            let path = "/opt/ml/input/data/train/train.csv";
            job.channels.insert(path.to_owned(), b"7,1,1\n1,2,2\n".to_vec());
            refused(job).await
        },
    );
    assert_eq!(none, "ClientError: Missing required hyperparameter: num_round");
    assert_eq!(extraneous, "ClientError: Extraneous hyperparameter found: num_rounds");
    assert_eq!(range, "ClientError: Hyperparameter eta: invalid value 1.5");
    assert_eq!(channel, "ClientError: Extraneous channel found: test");
    assert_eq!(class, "ClientError: label must be in [0,1] for logistic regression");
}
