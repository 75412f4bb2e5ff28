//! The account looked at before anything is deployed, and after.

use super::promotion::promoted;
use crate::{
    cloud::{DEV, PROD, REGISTRY},
    world::{Told, World},
};
use aws_sdk_s3::types::ServerSideEncryption;
use serde_json::Value;

const DOCTOR: [&str; 3] = ["doctor", "--env", "prod"];
const JSON: [&str; 4] = ["doctor", "--env", "prod", "--json"];

fn checks(told: &Told) -> Vec<Value> {
    told.json()["checks"].as_array().unwrap().clone()
}

/// The names of the checks with this outcome.
fn with(checks: &[Value], outcome: &str) -> Vec<String> {
    let of = checks.iter().filter(|check| check["outcome"] == outcome);
    of.map(|check| check["check"].as_str().unwrap().to_owned()).collect()
}

/// What people do after a promotion: approve the model, store a batch.
fn made_ready(world: &World) {
    world
        .agent(&["models", "approve", "1", "--env", "prod", "--reason", "reviewed with the clinic"])
        .done();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let account = world.app(".agent").await.account(PROD).await;
        let objects = aws_sdk_s3::Client::new(&account).put_object();
        let key = "mammography-severity-model/data/batch-dataset/mammo-batch-dataset.csv";
        let put = objects.bucket("sagemaker-prod-bucket").key(key);
        let put = put.server_side_encryption(ServerSideEncryption::AwsKms);
        let put = put.ssekms_key_id(format!(
            "arn:aws:kms:us-east-1:{PROD}:key/11111111-2222-3333-4444-555555555555"
        ));
        put.body(b"5,67,3,5,3\n".to_vec().into()).send().await.unwrap();
    });
    world.agent(&["run", "--branch", "main"]).done();
}

#[test]
fn before_a_promotion_nothing_fails_and_what_is_missing_is_said() {
    let world = World::new();
    let told = world.agent(&JSON).done();
    let checks = checks(&told);
    assert_eq!(told.json()["ok"], true);
    assert_eq!(with(&checks, "failed"), Vec::<String>::new());
    assert_eq!(with(&checks, "unknown"), Vec::<String>::new());
    let missing = ["log group", "alerts", "schedule", "approved model", "batch"];
    assert_eq!(with(&checks, "warning"), missing);
    for check in ["trust policy", "external id", "key: EventBridge", "bucket: TLS only", "clock"] {
        assert!(with(&checks, "ok").contains(&check.to_owned()), "{check}");
    }
    let told = world.agent(&DOCTOR).done();
    told.says("To do:").says("agent run --branch main").says("prod: can be deployed to");
}

#[test]
fn looking_writes_nothing() {
    let world = promoted();
    let before = world.cloud().digest();
    world.agent(&DOCTOR).done();
    assert_eq!(world.cloud().digest(), before);
    let world = World::new();
    world.agent(&DOCTOR).done();
    for account in [DEV, PROD, REGISTRY] {
        assert!(world.cloud().holds(account).is_empty(), "{account}");
    }
}

/// Nobody reads mail on a laptop, so the address stays unconfirmed.
#[test]
fn after_a_promotion_all_is_well_but_the_mail_that_nobody_reads() {
    let world = promoted();
    let told = world.agent(&JSON).done();
    assert_eq!(with(&checks(&told), "warning"), ["alerts", "schedule", "approved model", "batch"]);
    world.agent(&DOCTOR).done().says("agent models approve");
    made_ready(&world);
    let told = world.agent(&JSON).done();
    let checks = checks(&told);
    assert_eq!(with(&checks, "warning"), ["alerts"]);
    assert_eq!(with(&checks, "failed").len() + with(&checks, "unknown").len(), 0);
    let told = world.agent(&DOCTOR).done();
    told.says("has not confirmed").says("cron(0 23 * * ? *)").says("sagemaker-xgboost:3.0-5");
}

#[test]
fn a_wrong_account_and_a_placeholder_are_found_before_anything_is_asked() {
    let world = World::new();
    world.edit(
        "environments/prod.yaml",
        "account_id: \"222222222222\"",
        "account_id: \"999999999999\"",
    );
    world.commit("Mistype the account");
    world.agent(&DOCTOR).exits(2).says("999999999999");
    let world = World::new();
    world.edit(
        "environments/prod.yaml",
        "external_id: relevo-prod",
        "external_id: <your-external-id>",
    );
    world.commit("Forget to fill it in");
    world.agent(&DOCTOR).exits(2).says("external_id");
    world.agent(&["doctor", "--env", "nowhere"]).exits(2).says("there is no environment");
}
