//! The rehearsal on a loopback port, driven by the real AWS CLI and by boto3.

use super::{
    cloud::{DEV, PROD},
    python::equipped_python,
    rehearsal::bench::Bench,
    world::World,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    future::Future,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
};

/// A Python that talks to a served rehearsal.
struct Wire {
    python: PathBuf,
    endpoint: String,
    home: PathBuf,
    now: Timestamp,
}

impl Wire {
    #[expect(clippy::disallowed_methods, reason = "the clients under test are programs")]
    async fn python(&self, arguments: &[&str]) -> Output {
        tokio::process::Command::new(&self.python)
            .args(arguments)
            .env_clear()
            .env("HOME", &self.home)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", DEV)
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .output()
            .await
            .unwrap()
    }

    /// What the AWS CLI prints, as JSON; `null` if it prints nothing.
    async fn aws(&self, arguments: &[&str]) -> Value {
        let text = self.aws_text(arguments).await;
        if text.trim().is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    async fn aws_text(&self, arguments: &[&str]) -> String {
        let output = self.python(&[&["-m", "awscli"], arguments].concat()).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What the AWS CLI complains of.
    async fn aws_refused(&self, arguments: &[&str]) -> String {
        let output = self.python(&[&["-m", "awscli"], arguments].concat()).await;
        assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Serves a rehearsal while `visit` lasts; does nothing where there is no equipped Python.
async fn served<F: Future<Output = ()>>(visit: impl FnOnce(Wire) -> F) {
    let Some(python) = equipped_python() else { return };
    let bench = Bench::new().await;
    let rehearsal = bench.rehearsal.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let wire = Wire { python, endpoint, home: bench.folder.path().to_owned(), now: bench.now() };
    let (done, over) = tokio::sync::oneshot::channel::<()>();
    let serving = rehearsal.serve(listener, async {
        let _ = over.await;
    });
    let visiting = async {
        visit(wire).await;
        drop(done);
    };
    let (result, ()) = tokio::join!(serving, visiting);
    result.unwrap();
}

#[tokio::test]
async fn the_aws_cli_knows_who_it_is_and_reads_the_log() {
    served(|wire| async move {
        let me = wire.aws(&["sts", "get-caller-identity"]).await;
        assert_eq!(me["Account"], DEV);

        let group = ["--log-group-name", "jenkins-log"];
        let stream = ["--log-stream-name", "dev/mammography/run/validate"];
        wire.aws(&[&["logs", "create-log-group"], &group[..]].concat()).await;
        wire.aws(&[&["logs", "create-log-stream"], &group[..], &stream].concat()).await;
        let events =
            json!([{ "timestamp": wire.now.as_millisecond(), "message": "all files are fine" }]);
        let events = ["--log-events", &events.to_string()];
        wire.aws(&[&["logs", "put-log-events"], &group[..], &stream, &events].concat()).await;
        let read = wire.aws(&[&["logs", "filter-log-events"], &group[..]].concat()).await;
        assert_eq!(read["events"][0]["message"], "all files are fine");

        let twice = wire.aws_refused(&[&["logs", "create-log-group"], &group[..]].concat()).await;
        assert!(twice.contains("(ResourceAlreadyExistsException)"), "{twice}");
        let unknown = wire.aws_refused(&["logs", "describe-destinations"]).await;
        assert!(
            unknown.contains("UnknownOperationException") && unknown.contains("FilterLogEvents"),
            "{unknown}"
        );
    })
    .await;
}

#[tokio::test]
async fn the_aws_cli_copies_files_to_buckets_and_back() {
    served(|wire| async move {
        let (here, back) = (wire.home.join("train.csv"), wire.home.join("back.csv"));
        std::fs::write(&here, "1,2\n3,4\n").unwrap();
        let there = "s3://sagemaker-dev-bucket/mammography/data/train set.csv";
        let (here, back) = (here.to_str().unwrap(), back.to_str().unwrap());
        wire.aws_text(&["s3", "cp", here, there]).await;
        let listed =
            wire.aws_text(&["s3", "ls", "--recursive", "s3://sagemaker-dev-bucket/"]).await;
        assert!(listed.contains("mammography/data/train set.csv"), "{listed}");
        let folders = wire.aws_text(&["s3", "ls", "s3://sagemaker-dev-bucket/"]).await;
        assert!(folders.contains("PRE mammography/"), "{folders}");
        wire.aws_text(&["s3", "cp", there, back]).await;
        assert_eq!(std::fs::read_to_string(back).unwrap(), "1,2\n3,4\n");

        let foreign = wire.aws_refused(&["s3", "ls", "s3://sagemaker-prod-bucket/"]).await;
        assert!(foreign.contains("AccessDenied"), "{foreign}");
        let missing = wire.aws_refused(&["s3", "cp", "s3://sagemaker-dev-bucket/none", back]).await;
        assert!(missing.contains("404"), "{missing}");
    })
    .await;
}

#[tokio::test]
async fn the_aws_cli_sees_the_sixth_target_fail() {
    served(|wire| async move {
        let rule = ["--name", "drift", "--event-pattern", r#"{"source":["aws.sagemaker"]}"#];
        wire.aws(&[&["events", "put-rule"], &rule[..]].concat()).await;
        let arn = format!("arn:aws:sns:us-east-1:{DEV}:alerts");
        let targets: Vec<Value> =
            (1..=6).map(|id| json!({ "Id": id.to_string(), "Arn": arn })).collect();
        let targets = json!(targets).to_string();
        let answer =
            wire.aws(&["events", "put-targets", "--rule", "drift", "--targets", &targets]).await;
        assert_eq!(answer["FailedEntryCount"], 1);
        assert_eq!(answer["FailedEntries"][0]["ErrorCode"], "LimitExceededException");

        let long = "x".repeat(65);
        let rule = ["--name", &long, "--schedule-expression", "rate(1 day)"];
        let refused = wire.aws_refused(&[&["events", "put-rule"], &rule[..]].concat()).await;
        assert!(refused.contains("(ValidationException)"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn the_aws_cli_lists_what_there_is() {
    served(|wire| async move {
        let pipelines = wire.aws(&["sagemaker", "list-pipelines"]).await;
        assert_eq!(pipelines["PipelineSummaries"], json!([]));
        let missing =
            wire.aws_refused(&["sagemaker", "describe-pipeline", "--pipeline-name", "none"]).await;
        assert!(missing.contains("(ResourceNotFound)"), "{missing}");
        let steps = ["sagemaker", "list-pipeline-execution-steps", "--pipeline-execution-arn"];
        let arn = format!("arn:aws:sagemaker:us-east-1:{DEV}:pipeline/none/execution/abcdefghijkl");
        let missing = wire.aws_refused(&[&steps[..], &[arn.as_str()]].concat()).await;
        assert!(missing.contains("(ResourceNotFound)"), "{missing}");
        let topic = wire.aws(&["sns", "create-topic", "--name", "alerts"]).await;
        assert_eq!(
            wire.aws(&["sns", "list-topics"]).await["Topics"][0]["TopicArn"],
            topic["TopicArn"]
        );
        assert_eq!(wire.aws(&["lambda", "list-functions"]).await["Functions"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn boto3_assumes_a_role_and_uses_every_service() {
    served(|wire| async move {
        let tour = wire.home.join("tour.py");
        std::fs::write(&tour, include_str!("wire/tour.py")).unwrap();
        let output = wire.python(&[tour.to_str().unwrap()]).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "toured");
    })
    .await;
}

/// `agent rehearsal serve`, killed when it goes out of scope.
struct Served {
    agent: Child,
    endpoint: String,
}

impl Served {
    fn of(world: &World) -> Self {
        let mut serve = world.command(&["rehearsal", "serve", "--port", "0"]);
        let mut agent = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(agent.stdout.take().unwrap()).lines();
        let said = lines
            .find_map(|line| Some(line.unwrap().split_once("AWS_ENDPOINT_URL=")?.1.to_owned()));
        let endpoint = said.unwrap().split_whitespace().next().unwrap().to_owned();
        Self { agent, endpoint }
    }

    /// What the AWS CLI reads as an administrator of `account`.
    fn aws(&self, python: &Path, account: &str, arguments: &[&str]) -> Value {
        let mut aws = std::process::Command::new(python);
        aws.args(["-m", "awscli"]).args(arguments).env("AWS_ENDPOINT_URL", &self.endpoint);
        aws.env("AWS_ACCESS_KEY_ID", account).env("AWS_SECRET_ACCESS_KEY", "any");
        aws.env("AWS_DEFAULT_REGION", "us-east-1").env("AWS_PAGER", "");
        let output = aws.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.agent.kill().unwrap();
        self.agent.wait().unwrap();
    }
}

#[test]
fn the_aws_cli_reads_what_a_run_has_left() {
    let Some(python) = equipped_python() else { return };
    let world = World::new();
    world.agent(&["run", "--branch", "main"]).done();
    let served = Served::of(&world);
    let in_dev = |arguments: &[&str]| served.aws(&python, DEV, arguments);
    let in_prod = |arguments: &[&str]| served.aws(&python, PROD, arguments);

    let train = ["--pipeline-name", "mammo-severity-train-pipeline"];
    let executions = in_dev(&[&["sagemaker", "list-pipeline-executions"], &train[..]].concat());
    let arn = executions["PipelineExecutionSummaries"][0]["PipelineExecutionArn"].as_str().unwrap();
    let steps =
        in_dev(&["sagemaker", "list-pipeline-execution-steps", "--pipeline-execution-arn", arn]);
    let steps = steps["PipelineExecutionSteps"].as_array().unwrap();
    assert_eq!(steps.len(), 6);
    assert!(steps.iter().all(|step| step["StepStatus"] == "Succeeded"), "{steps:?}");

    let pipelines = in_prod(&["sagemaker", "list-pipelines"]);
    assert_eq!(pipelines["PipelineSummaries"].as_array().unwrap().len(), 2);
    let log = in_prod(&["logs", "filter-log-events", "--log-group-name", "jenkins-log"]);
    let messages: Vec<&str> =
        log["events"].as_array().unwrap().iter().filter_map(|e| e["message"].as_str()).collect();
    assert!(messages.iter().any(|message| message.contains("accepted: candidate")), "{messages:?}");
}
