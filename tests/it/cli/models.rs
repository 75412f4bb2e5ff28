//! Versions of a model: what they rest on, and which one each environment uses.

use super::promotion::promoted;
use crate::{
    cloud::{DEV, REGISTRY},
    world::{Told, World},
};
use serde_json::{Value, json};

const PROD: [&str; 2] = ["--env", "prod"];
const RUN: [&str; 3] = ["run", "--branch", "main"];

/// Runs `agent models …` for prod.
fn models(world: &World, words: &[&str]) -> Told {
    world.agent(&[&["models"], words, &PROD].concat())
}

/// Decides something, for a reason.
fn decide(world: &World, words: &[&str]) -> Told {
    models(world, &[words, &["--reason", "reviewed with radiology"]].concat())
}

/// A world with two versions that are equally good: the second commit changes no data and no definition.
fn twice_promoted() -> World {
    let world = promoted();
    world.write("README.md", "Read me.\n");
    world.commit("Say something");
    world.agent(&RUN).done();
    world
}

/// Where each version stands, the newest first: its number, its stage with the status, who uses it.
fn standing(world: &World) -> Vec<(u64, String, Value)> {
    let listed = models(world, &["list", "--json"]).done().json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let stands = |one: &Value| {
        let cycle = &one["life_cycle"];
        let standing = format!("{} {}", text(&cycle["stage"]), text(&cycle["status"]));
        (one["version"].as_u64().unwrap(), standing.trim().to_owned(), one["in_use_by"].clone())
    };
    listed.as_array().unwrap().iter().map(stands).collect()
}

fn uses(world: &World, version: u64) -> bool {
    standing(world).iter().any(|(number, _, user)| *number == version && *user == "prod")
}

#[test]
fn an_approved_version_is_in_use_and_shows_in_the_plan() {
    let world = promoted();
    models(&world, &["list"]).done().says("pending");
    world.agent(&["plan", "--env", "prod"]).done().says("agent models approve VERSION --env prod");
    models(&world, &["approve", "1"]).exits(2).says("--reason");
    models(&world, &["approve", "1", "--reason", " "]).exits(2).says("auditor");
    decide(&world, &["approve", "9"]).exits(2).says("there are: 1");

    let told = decide(&world, &["approve", "1"]).done();
    told.says("version 1 is approved and in use by prod").says("agent plan --env prod");
    assert_eq!(standing(&world), [(1, "prod Approved".to_owned(), json!("prod"))]);
    let plan = world.agent(&["plan", "--env", "prod"]).done();
    assert!(!plan.stdout.contains("no model of"), "{}", plan.stdout);
    let before = world.cloud().digest();
    decide(&world, &["approve", "1"]).done().says("version 1 is already in use by prod");
    assert_eq!(world.cloud().digest(), before);

    decide(&world, &["reject", "1"]).done().says("is rejected").says("prod uses no model now");
    assert_eq!(standing(&world), [(1, "prod Rejected".to_owned(), Value::Null)]);
    world.agent(&["plan", "--env", "prod"]).done().says("no model of");
}

#[test]
fn a_version_shows_what_it_rests_on_and_who_decided() {
    let world = promoted();
    decide(&world, &["approve", "1", "--by", "Grace Hopper"]).done();
    let shown = models(&world, &["show", "1"]).done();
    for part in [
        "AUC                   0.88",
        "evidence              as it was registered",
        "data_window           all",
        "gate                  accepted: AUC at least 0.8",
        "approved / prod / Grace Hopper / reviewed with radiology",
        "assumed-role/model-approver",
    ] {
        shown.says(part);
    }
    let shown = models(&world, &["show", "1", "--json"]).done().json();
    assert_eq!(shown["commit"], world.git(&["rev-parse", "HEAD"]));
    assert_eq!(shown["in_use_by"], "prod");
    assert_eq!(shown["evidence"]["seal"]["state"], "intact");
    assert_eq!(shown["gate"]["verdict"]["decision"], "accepted");
    assert_eq!(shown["history"][0]["act"], "approved");
    assert_eq!(shown["notes"]["approved_by"], "Grace Hopper");
    let (lower, upper) = (shown["auc"]["lower"].as_f64(), shown["auc"]["upper"].as_f64());
    assert!(0.7 < lower.unwrap() && lower < upper, "{shown:#}");
    for time in [&shown["summary"]["created"], &shown["modified"], &shown["history"][0]["at"]] {
        let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
        assert_eq!(time, time.round(jiff::Unit::Microsecond).unwrap(), "no noise of doubles");
    }
}

#[test]
fn approved_for_dev_does_not_serve_prod_until_it_is_promoted() {
    let world = promoted();
    let dev = ["models", "approve", "1", "--env", "dev", "--reason", "try it"];
    world.agent(&dev).done().says("in use by dev");
    world.agent(&["plan", "--env", "prod"]).done().says("is approved for prod yet");
    let told = decide(&world, &["promote", "1"]).done();
    told.says("version 1 is approved and in use by prod").says("dev uses no model now");
    let refused = world.agent(&dev).exits(2);
    refused.says("version 1 is in use by prod").says("prod would lose its model");
}

#[test]
fn a_version_takes_anothers_place_and_a_rollback_gives_it_back() {
    let world = twice_promoted();
    decide(&world, &["promote", "2"]).exits(2).says("agent models approve 2 --env prod");
    decide(&world, &["approve", "1"]).done();
    let told = decide(&world, &["approve", "2", "--json"]).done().json();
    assert_eq!((&told["changed"], &told["replaced"]), (&json!(true), &json!([1])));
    assert_eq!(told["grounds"]["champion"]["standing"]["verdict"], "not-distinguishable");
    let superseded = (1, "prod Superseded".to_owned(), Value::Null);
    assert_eq!(standing(&world), [(2, "prod Approved".to_owned(), json!("prod")), superseded]);

    let told = decide(&world, &["rollback"]).done();
    told.says("version 1 is approved and in use by prod").says("version 2 is superseded");
    assert!(uses(&world, 1));
    decide(&world, &["rollback"]).exits(2).says("prod has used no other version");
    decide(&world, &["rollback", "--to", "2"]).done();
    assert!(uses(&world, 2));
    models(&world, &["show", "1"]).done().says("/ restored / prod /").says("/ withdrawn / prod /");
}

#[test]
fn four_eyes_are_not_the_committers_own() {
    let world = World::new();
    let file = world.read("environments/prod.yaml");
    world.write("environments/prod.yaml", &format!("{file}approval: {{ four_eyes: true }}\n"));
    world.commit("Ask for four eyes");
    world.agent(&RUN).done();
    let refused = decide(&world, &["approve", "1"]).exits(3);
    refused.says("is a change of ada@example.org").says("ask a colleague");
    // Another name does not make another person.
    decide(&world, &["approve", "1", "--by", "Grace", "--override"]).exits(3).says("four eyes");
    assert!(!uses(&world, 1));
    world.git(&["config", "user.email", "grace@example.org"]);
    decide(&world, &["approve", "1", "--by", "ADA"]).exits(3).says("is a change of ADA");
    decide(&world, &["approve", "1"]).done().says("in use by prod");
}

#[test]
fn four_eyes_cannot_be_proven_without_the_commit() {
    let world = World::new();
    let file = world.read("environments/prod.yaml");
    world.write("environments/prod.yaml", &format!("{file}approval: {{ four_eyes: true }}\n"));
    world.commit("Ask for four eyes");
    world.agent(&RUN).done();
    world.git(&["config", "user.email", "grace@example.org"]);
    world.git(&["commit", "--quiet", "--amend", "--message", "Another commit"]);
    world.git(&["reflog", "expire", "--expire=now", "--all"]);
    world.git(&["prune", "--expire=now"]);
    decide(&world, &["approve", "1"]).exits(3).says("is not in this repository");
}

#[test]
fn a_worse_challenger_needs_a_person_to_insist() {
    let world = promoted();
    decide(&world, &["approve", "1"]).done();
    let train = "templates/pipelines/train.json.hbs";
    world.edit(train, r#""num_round": "50""#, r#""num_round": "1""#);
    world.edit(train, r#""max_depth": "5""#, r#""max_depth": "1""#);
    world.edit("pipeline.yaml", "at-least: 0.80", "at-least: 0.60");
    world.edit("pipeline.yaml", "baseline-by: 0.02", "baseline-by: 0.40");
    world.commit("Learn less");
    world.agent(&RUN).done();

    let diff = models(&world, &["diff", "1", "2"]).done();
    diff.says("the challenger is worse").says("HyperParameters.max_depth");
    let diff = models(&world, &["diff", "2", "1", "--json"]).done().json();
    assert_eq!(diff["standing"]["verdict"], "better");
    let refused = decide(&world, &["approve", "2"]).exits(3);
    refused.says("on the same 124 test rows").says("worse than that of version 1");
    assert!(uses(&world, 1));
    decide(&world, &["approve", "2", "--override"]).done().says("version 1 is superseded");
    let shown = models(&world, &["show", "2", "--json"]).done().json();
    let reason = shown["approval_description"].as_str().unwrap();
    assert!(reason.starts_with("reviewed with radiology (overriding: on the same"), "{reason}");
}

#[test]
fn what_the_gate_has_refused_is_refused_here_too() {
    let world = World::new();
    world.edit("templates/pipelines/train.json.hbs", r#""num_round": "50""#, r#""num_round": "1""#);
    world.edit("templates/pipelines/train.json.hbs", r#""max_depth": "5""#, r#""max_depth": "1""#);
    world.commit("Learn less");
    world.agent(&RUN).exits(3);
    decide(&world, &["approve", "1"]).exits(3).says("the gate refused it");
}

impl World {
    /// An account's objects and pipelines, as its administrator sees them.
    async fn sdk(&self, account: &str) -> aws_types::SdkConfig {
        self.app(".agent").await.account(account).await
    }
}

async fn put(world: &World, account: &str, uri: &str, content: Vec<u8>) {
    let (bucket, key) = uri.strip_prefix("s3://").unwrap().split_once('/').unwrap();
    let s3 = aws_sdk_s3::Client::new(&world.sdk(account).await);
    s3.put_object().bucket(bucket).key(key).body(content.into()).send().await.unwrap();
}

#[tokio::test]
async fn scores_and_models_that_were_changed_are_no_evidence() {
    let world = promoted();
    let shown = models(&world, &["show", "1", "--json"]).done().json();
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    let scores = text("evaluation").replace("evaluation.json", "scores.csv");
    put(&world, REGISTRY, &scores, b"label,score\n1,0.9\n1,0.8\n0,0.1\n0,0.2\n".to_vec()).await;
    models(&world, &["show", "1"]).done().says("evidence              changed");
    let refused = decide(&world, &["approve", "1"]).exits(3);
    refused.says("its evidence was changed").says("--override");
    put(&world, REGISTRY, &text("model_data"), b"another model".to_vec()).await;
    let refused = decide(&world, &["approve", "1", "--override"]).exits(3);
    refused.says("its model was changed after it was registered");
}

/// A training of dev on more rows than the first, which is given the first one's model as champion.
async fn retrain(world: &World, champion: &str) {
    let data = world.read("data/mammographic.csv");
    let (_, rows) = data.split_once('\n').unwrap();
    let later = |row: &str| {
        let cells: Vec<&str> = row.split(',').collect();
        // the same patients, some years older
        let age: i32 = cells[1].parse().ok()?;
        Some(format!("{},{},{}\n", cells[0], age + 17, cells[2..].join(",")))
    };
    let arrived: String =
        rows.lines().filter_map(later).filter(|row| !row.contains(",12")).collect();
    let folder = "s3://sagemaker-dev-bucket/mammography-severity-model/data/train-dataset/2/";
    put(world, DEV, &format!("{folder}data.csv"), format!("{data}{arrived}").into_bytes()).await;
    let sagemaker = aws_sdk_sagemaker::Client::new(&world.sdk(DEV).await);
    let parameter = |name: &str, value: &str| {
        aws_sdk_sagemaker::types::Parameter::builder().name(name).value(value).build()
    };
    let started = sagemaker
        .start_pipeline_execution()
        .pipeline_name("mammo-severity-train-pipeline")
        .client_request_token("a-token-of-at-least-thirty-two-letters")
        .pipeline_parameters(parameter("InputDataUrl", folder))
        .pipeline_parameters(parameter("DataWindow", "90 days"))
        .pipeline_parameters(parameter("ChampionUrl", champion))
        .send()
        .await
        .unwrap();
    let execution = started.pipeline_execution_arn().unwrap();
    for _ in 0..20 {
        let seen = sagemaker.describe_pipeline_execution().pipeline_execution_arn(execution);
        seen.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_retrained_challenger_is_compared_on_rows_that_the_champion_has_not_seen() {
    let world = promoted();
    decide(&world, &["approve", "1"]).done();
    let shown = models(&world, &["show", "1", "--json"]).done().json();
    retrain(&world, shown["model_data"].as_str().unwrap()).await;
    let diff = models(&world, &["diff", "1", "2", "--json"]).done().json();
    let standing = &diff["standing"];
    let count = |name: &str| standing[name].as_u64().unwrap_or_else(|| panic!("{diff:#}"));
    assert!(count("seen") > 20 && count("rows") > 20, "{standing:#}");
    let shown = models(&world, &["show", "2", "--json"]).done().json();
    assert_eq!(shown["notes"]["data_window"], "90 days");
    assert!(shown["evidence"]["evaluation"]["champion"]["auc"]["value"].as_f64().unwrap() > 0.5);
    // No run of this agent trained it, and nothing that is printed repeats a row.
    assert_eq!(shown["gate"], Value::Null);
    let backwards = models(&world, &["diff", "2", "1", "--json"]).done().json();
    assert_eq!(backwards["standing"]["reason"]["code"], "not-scored");
}

#[test]
fn what_can_be_done_is_shown_by_example() {
    let world = World::empty();
    for command in ["list", "show", "diff", "approve", "reject", "promote", "rollback"] {
        let help = world.agent(&["models", command, "--help"]).done();
        help.says(&format!("agent models {command} "));
    }
}
