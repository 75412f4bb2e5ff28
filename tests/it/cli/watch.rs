//! `agent watch`: what it says, and how it ends.

use crate::{
    cloud::PROD,
    world::{World, administrator},
};
use aws_types::SdkConfig;
use relevo::{
    app::open_rehearsal,
    clock::SystemClock,
    spec::{SourceFile, check_environment},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::Stdio,
    sync::Arc,
};

/// Prod, as its administrator sees it.
async fn prod(world: &World) -> SdkConfig {
    let name = "environments/prod.yaml";
    let file = SourceFile { name: name.to_owned(), text: world.read(name) };
    let prod = check_environment(&"prod".parse().unwrap(), &file).unwrap().0;
    let environments = BTreeMap::from([(prod.name.clone(), prod)]);
    let state = world.path(".agent/rehearsal.sqlite");
    let rehearsal = open_rehearsal(&environments, &state, Arc::new(SystemClock)).await.unwrap();
    administrator(&rehearsal, PROD)
}

/// Starts the deployed inference pipeline, as its schedule would.
async fn start_inference(world: &World) {
    let sagemaker = aws_sdk_sagemaker::Client::new(&prod(world).await);
    let start = sagemaker.start_pipeline_execution().client_request_token("0".repeat(32));
    start.pipeline_name("mammo-severity-inference-pipeline").send().await.unwrap();
}

#[test]
fn where_nothing_has_run_there_is_nothing_to_judge() {
    let world = World::new();
    world.agent(&["watch", "--env", "prod", "--once"]).done().says("Nothing new has ended.");
    let told = world.agent(&["watch", "--env", "prod", "--once", "--json"]).done();
    assert_eq!(told.json()["answered"], serde_json::json!([]));
    world.agent(&["watch", "--env", "prod", "--dry-run"]).done();
}

#[test]
fn a_wrong_word_is_told_with_a_way_out() {
    let world = World::new();
    world.agent(&["watch", "--env", "production", "--once"]).exits(2).says("dev, prod");
    world.agent(&["watch", "--env", "prod", "--every", "5"]).exits(2).says("as in 30s, 5m or 1h");
    world.agent(&["watch", "--env", "prod", "--every", "0s"]).exits(2).says("from 1s to 24h");
    world.agent(&["watch", "--env", "prod", "--every", "5m", "--once"]).exits(2);
    world.agent(&["watch"]).exits(2).says("--env");
}

#[tokio::test]
async fn an_inference_without_a_model_is_told_in_a_table() {
    let world = World::new();
    world.agent(&["run", "--branch", "main"]).done();
    start_inference(&world).await;
    // The rehearsal goes on when it is looked at; the watcher is one who looks.
    let looks =
        std::iter::repeat_with(|| world.agent(&["watch", "--env", "prod", "--once"]).done());
    let told = looks.take(20).find(|told| !told.stdout.is_empty()).unwrap();
    for part in ["EXECUTION", "nothing-approved", "people told", "agent models list --env prod"] {
        told.says(part);
    }
}

/// Patients of whom each is twenty years older than in the training data.
fn older(world: &World) -> String {
    let rows = world.read("data/mammographic.csv");
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        format!("{},{}\n", cells[1].parse::<u32>().unwrap() + 20, cells[2..5].join(","))
    };
    rows.lines().skip(1).take(60).map(row).collect()
}

#[tokio::test]
async fn a_version_tells_which_drift_it_was_trained_for() {
    let world = World::new();
    world.agent(&["run", "--branch", "main"]).done();
    world.agent(&["models", "approve", "1", "--env", "prod", "--reason", "looked at"]).done();
    let s3 = aws_sdk_s3::Client::new(&prod(&world).await);
    let key = "mammography-severity-model/data/batch-dataset/mammo-batch-dataset.csv";
    let put = s3.put_object().bucket("sagemaker-prod-bucket").key(key);
    put.body(older(&world).into_bytes().into()).send().await.unwrap();
    start_inference(&world).await;
    let looks =
        std::iter::repeat_with(|| world.agent(&["watch", "--env", "prod", "--once"]).done());
    looks.take(20).find(|told| !told.stdout.is_empty()).unwrap().says("training started");
    // The training goes on when it is looked at, too.
    let shown = std::iter::repeat_with(|| world.agent(&["models", "show", "2", "--env", "prod"]));
    let shown = shown.take(20).find(|told| told.code == 0).unwrap();
    shown.says("trained for           drift in arn:aws:sagemaker").says("Age: mean");
    shown.says("violation report      s3://sagemaker-prod-bucket/mammography-severity-model/");
}

#[test]
fn ctrl_c_ends_the_loop_gently() {
    let world = World::new();
    let mut watching = world.command(&["watch", "--env", "prod", "--every", "1h"]);
    let mut child = watching.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("Watching prod."), "{line}");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
