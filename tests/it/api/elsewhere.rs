//! `agent --server`: the program itself, against an API on a port.

use super::{
    document::differs,
    served::{Served, token},
};
use crate::world::{Told, World};
use relevo::ids::{KeeperId, LogPart};
use relevo::store::{
    LogCursor, NewAgent, NewDelivery, Silence, Tale, Tries, Unsaid, Via, Wanted, Which,
};
use relevo::web::auth::Role;
use serde_json::json;
use std::path::Path;

/// Runs the agent with the token of a role.
async fn agent(served: &Served, role: Role, arguments: &[&str]) -> Told {
    let world = World::empty();
    let mut command = world.command(&["--server", &served.address]);
    command.args(arguments).env("AGENT_TOKEN", token(role).reveal());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    drop(world);
    Told::of(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_and_logs_are_shown_as_here() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await;
    served.write(&run.id, "plan", 1, &["one", "two"]);
    let runs = agent(&served, Role::Viewer, &["runs", "--json"]).await.done().json();
    assert_eq!((&runs[0]["run"], runs.as_array().unwrap().len()), (&json!(run.id), 1));
    agent(&served, Role::Viewer, &["runs"]).await.done().says(run.id.short()).says("unfinished");
    agent(&served, Role::Viewer, &["show", run.id.short()]).await.done().says("next:");
    let logs = agent(&served, Role::Viewer, &["logs", run.id.short()]).await.done();
    assert_eq!(logs.stdout, "00:00:01.000 plan | one\n00:00:02.000 plan | two\n");
    agent(&served, Role::Viewer, &["queue"]).await.done().says(run.id.short());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_another_agent_keeps_are_named_wherever_a_log_is_read() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await;
    let (ours, theirs) = (served.logs.keeper().unwrap(), KeeperId::from(uuid::Uuid::now_v7()));
    let theirs = (&theirs, Path::new("/theirs/logs"));
    let lease = served.store.take_up(&run.id, theirs).await.unwrap().lease;
    served.store.release(&lease).await.unwrap();
    let lease = served.store.take_up(&run.id, (&ours, served.logs.path())).await.unwrap().lease;
    let part = |part| LogCursor { sent: 7, ..LogCursor::start("plan".parse().unwrap(), part) };
    served.store.keep_log_cursor(&lease, &part(LogPart::FIRST)).await.unwrap();
    served.write(&run.id, "plan", 1, &["one"]);
    let id = run.id.short();
    let note = format!(
        "/theirs/logs); the 7 that it has shipped: agent logs --env prod {}; it ships the others",
        run.id
    );
    let logs = agent(&served, Role::Viewer, &["logs", id]).await.done();
    assert_eq!(logs.stdout, "00:00:01.000 plan | one\n");
    assert_eq!(logs.says(&note).stderr.matches("note:").count(), 1, "not of our own part");
    agent(&served, Role::Viewer, &["show", id]).await.done().says(&note);
    let shown = agent(&served, Role::Viewer, &["show", id, "--json"]).await.done().json();
    let parts = shown["log_parts"].as_array().unwrap();
    let here: Vec<bool> = parts.iter().map(|part| part["here"].as_bool().unwrap()).collect();
    assert_eq!((here, &parts[0]["sent"]), (vec![false, true], &json!(7)));
    let path = format!("/api/v1/runs/{}/logs/plan", run.id);
    let page = served.get(Role::Viewer, &path).await.with(200).json();
    assert_eq!(page["elsewhere"], json!([parts[0]]));
    assert_eq!(differs("GET", "/api/v1/runs/{run}/logs/{stage}", 200, &page), None, "{page}");
    served.store.logs_are_shipped(&lease, theirs.0).await.unwrap();
    agent(&served, Role::Viewer, &["logs", id]).await.done().says("and all of them in the cloud");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_open_run_waits_for_and_what_nobody_heard_of_it_is_shown() {
    let served = Served::new().await;
    let (first, second) = (served.run_with_stage("plan").await.id, served.run("dev").await.id);
    let lock = ["lock", "prod", "--reason", "looking at drift"];
    agent(&served, Role::Operator, &lock).await.done();
    let waits = "waiting: prod is locked by the-operator (api): looking at drift";
    agent(&served, Role::Viewer, &["runs"]).await.done().says(waits).says("unfinished");
    let outbox = served.store.acquire_outbox().await.unwrap().unwrap();
    let name = "status/plan".to_owned();
    let wanted = Wanted { name, about: None, silence: Silence::Never, content: "{}".to_owned() };
    let tale = Tale { run: first.clone(), seen: 1, finished: false };
    served.store.want(&outbox, &tale, &[wanted]).await.unwrap();
    let all = Which { repositories: &[].into(), forsaken_before: jiff::Timestamp::MAX };
    let due = served.store.due_sayings(&all, 1).await.unwrap().remove(0);
    let tries = Tries { all: 8, refused: 8 };
    let unsaid = Unsaid { problem: "403 Forbidden", doubt: false, tries, again: None };
    served.store.unsaid(&outbox, &due, unsaid).await.unwrap();
    let shown = agent(&served, Role::Viewer, &["show", first.short()]).await.done();
    shown.says(waits).says("next: agent unlock prod");
    shown.says("status/plan was never said, given up after 8 tries: 403 Forbidden");
    let shown =
        agent(&served, Role::Viewer, &["show", second.short(), "--json"]).await.done().json();
    assert_eq!(shown["run"]["standing"], json!({ "standing": "next" }));
    assert_eq!(shown["sayings"], json!([]));
    let figures = served.ask("GET", "/metrics", None, None).await.with(200).text;
    assert!(figures.contains("relevo_outbox_given_up 1\n"), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed() {
    let served = Served::new().await;
    agent(&served, Role::Viewer, &["agents"]).await.done().says("No agent takes runs");
    let labels = ["gpu".parse().unwrap()].into();
    let new = NewAgent { name: Some("ada".parse().unwrap()), version: "1".to_owned(), labels };
    let id = served.store.enlist(&new).await.unwrap();
    agent(&served, Role::Viewer, &["agents"]).await.done().says("ada").says("gpu").says("working");
    let told = served.get(Role::Viewer, "/api/v1/agents").await.with(200).json();
    assert_eq!(differs("GET", "/api/v1/agents", 200, &told), None, "{told}");
    assert_eq!(told[0]["agent"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_are_listed_and_shown_without_their_bodies() {
    let served = Served::new().await;
    agent(&served, Role::Viewer, &["deliveries"]).await.done().says("Nothing was delivered yet");
    for (id, event) in [("d-1", "push"), ("d-2", "ping")] {
        let new = NewDelivery {
            id: id.parse().unwrap(),
            via: Via::Webhook,
            repository: "app".to_owned(),
            event: event.to_owned(),
            body: json!({ "zen": "keep it here" }).to_string(),
        };
        served.store.keep_delivery(&new).await.unwrap();
    }
    agent(&served, Role::Viewer, &["deliveries"]).await.done().says("d-1").says("waits");
    let one = ["deliveries", "--most", "1", "--json"];
    let newest = agent(&served, Role::Viewer, &one).await.done().json();
    assert_eq!(newest.as_array().unwrap().len(), 1);
    let shown = agent(&served, Role::Viewer, &["deliveries", "d-2"]).await.done();
    assert!(shown.stdout.contains("event       ping"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("keep it here"), "{}", shown.stdout);
    agent(&served, Role::Viewer, &["deliveries", "d-3"]).await.exits(2).says("no delivery 'd-3'");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_given_under_the_name_of_the_token() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await.id;
    let lock = ["lock", "prod", "--reason", "looking at drift"];
    agent(&served, Role::Viewer, &lock).await.exits(2).says("role operator");
    agent(&served, Role::Operator, &lock).await.done().says("the-operator (api)");
    agent(&served, Role::Operator, &lock).await.exits(2).says("unlock");
    agent(&served, Role::Viewer, &["lock"]).await.done().says("looking at drift");
    agent(&served, Role::Operator, &["unlock", "prod"]).await.done();
    agent(&served, Role::Operator, &["cancel", run.short(), "--force"])
        .await
        .done()
        .says("cancelled");
    agent(&served, Role::Operator, &["retry", run.short()]).await.done().says("queued run");
    agent(&served, Role::Approver, &["approve", run.short()]).await.exits(2).says("over");
    let reject = ["reject", run.short(), "--reason", "no"];
    agent(&served, Role::Approver, &reject).await.exits(2).says("over");
    let redeploy = ["redeploy", run.short()];
    agent(&served, Role::Operator, &redeploy).await.exits(2).says("has not deployed anything");
    agent(&served, Role::Viewer, &["logs", "--follow", run.short()]).await.done();
    agent(&served, Role::Admin, &["audit"]).await.done().says("denied").says("unlock");
    let whole = agent(&served, Role::Admin, &["audit", "--verify", "--json"]).await.done().json();
    let head = whole["head"].as_str().unwrap().to_owned();
    agent(&served, Role::Admin, &["audit", "--verify", "--head", &head]).await.done();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.jsonl").display().to_string();
    agent(&served, Role::Admin, &["audit", "--export", &file]).await.done();
    assert!(std::fs::read_to_string(&file).unwrap().contains(&head), "the last record's hash");
    let other = "0".repeat(64);
    agent(&served, Role::Admin, &["audit", "--verify", "--head", &other]).await.exits(5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_elsewhere_or_is_not_safe_is_said() {
    let served = Served::new().await;
    agent(&served, Role::Admin, &["validate"]).await.exits(2).says("this machine only");
    let world = World::empty();
    let token = token(Role::Viewer);
    let asked = |arguments: &[&str], token: Option<&str>| {
        let mut command = world.command(arguments);
        command.env_remove("AGENT_TOKEN").envs(token.map(|token| ("AGENT_TOKEN", token)));
        Told::of(&command.output().unwrap())
    };
    asked(&["--server", &served.address, "runs"], None).exits(2).says("needs a token");
    let plain = asked(&["--server", "http://192.0.2.1", "runs"], Some(token.reveal())).exits(2);
    plain.says("--insecure-http");
    let wrong = asked(&["--server", &served.address, "runs"], Some("relevo_wrong")).exits(2);
    assert!(!format!("{wrong:?}").contains("relevo_wrong"));
    asked(&["--server", "http://127.0.0.1:1", "runs"], Some(token.reveal())).exits(1);
}

#[test]
fn what_is_begun_by_hand_stands_in_the_audit_log() {
    let world = World::new();
    world.agent(&["run", "--branch", "main"]).done();
    let commit = world.git(&["rev-parse", "main"]);
    world.agent(&["rollback", "--env", "prod", "--to", &commit]).done();
    world.agent(&["destroy", "--env", "prod", "--confirm", "prod"]).done();
    let acts = world.agent(&["audit", "--json"]).done().json();
    let acts: Vec<_> = acts.as_array().unwrap().iter().map(|act| act["act"].as_str()).collect();
    assert_eq!(acts, [Some("destroy"), Some("start"), Some("start")]);
}

#[test]
fn tokens_are_made_once_and_taken_back_here() {
    let world = World::empty();
    let made = world.agent(&["token", "new", "--role", "operator", "--name", "ci"]).done();
    let secret = made.stdout.trim();
    assert!(secret.starts_with("relevo_") && secret.len() == 50, "{secret}");
    world.agent(&["token", "new", "--role", "viewer", "--name", "ci"]).exits(2);
    world.agent(&["token", "new", "--role", "king", "--name", "x"]).exits(2);
    let listed = world.agent(&["token", "list", "--json"]).done();
    assert_eq!(listed.json()[0]["roles"], json!(["operator"]));
    assert!(!listed.stdout.contains(secret));
    let revoked = world.agent(&["token", "revoke", "ci", "--json"]).done().json();
    assert_eq!(revoked["name"], "ci");
    world.agent(&["token", "revoke", "ci"]).exits(2);
    world.agent(&["audit"]).done().says("token-new").says("token-revoke");
    world.agent(&["audit", "--verify"]).done().says("2 records");
    world.agent(&["schema", "--api"]).done().says("/api/v1/runs");
}

#[test]
fn a_file_of_tokens_that_is_named_needs_no_repository() {
    let (world, folder) = (World::empty(), tempfile::tempdir().unwrap());
    let agent = |more: &[&str]| {
        let arguments = [&["token", "--file", "tokens.json"], more].concat();
        let mut command = world.command(&arguments);
        Told::of(&command.current_dir(folder.path()).output().unwrap())
    };
    let made = agent(&["new", "--role", "viewer", "--name", "ada"]).done();
    made.says("relevo_").says("no audit log says so");
    agent(&["list"]).done().says("ada");
    agent(&["revoke", "ada"]).done();
    let left = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["tokens.json"], "no state folder was made");
}
