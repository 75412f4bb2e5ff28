//! The state file: whose it is, what survives, what does not.

use super::bench::{Bench, DEV, PROD, code, landscape};
use relevo::rehearsal::{OpenError, Rehearsal};
use std::{path::Path, sync::Arc};

async fn open(path: &Path) -> Result<Rehearsal, OpenError> {
    let now = "2026-11-22T12:00:00Z".parse().unwrap();
    Rehearsal::open(path, landscape(), Arc::new(move || now)).await
}

#[tokio::test]
async fn a_foreign_or_old_file_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "this is no database, but it is long enough to be looked at").unwrap();
    assert!(matches!(open(&text).await, Err(OpenError::Database { .. })));

    let foreign = folder.path().join("foreign.sqlite");
    execute(&foreign, "CREATE TABLE t (x)").await;
    assert!(matches!(open(&foreign).await, Err(OpenError::Foreign(_))));

    let old = folder.path().join("old.sqlite");
    open(&old).await.unwrap();
    execute(&old, "PRAGMA user_version = 0").await;
    let error = open(&old).await.unwrap_err();
    assert!(error.to_string().contains("reset the rehearsal"), "{error}");
}

async fn execute(path: &Path, sql: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn two_processes_share_the_file() {
    let bench = Bench::new().await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&bench.admin(DEV));
    logs.create_log_group().log_group_name("jenkins-log").send().await.unwrap();
    let second = open(&bench.folder.path().join("rehearsal.sqlite")).await.unwrap();
    let config = bench.admin(DEV).into_builder().http_client(second.http_client()).build();
    let groups =
        aws_sdk_cloudwatchlogs::Client::new(&config).describe_log_groups().send().await.unwrap();
    assert_eq!(groups.log_groups().len(), 1);
}

#[tokio::test]
async fn a_process_that_writes_for_long_does_not_keep_others_from_opening_the_file() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let bench = Bench::new().await;
    let file = bench.folder.path().join("rehearsal.sqlite");
    let mut writer =
        sqlx::sqlite::SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    let transaction = writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
    open(&file).await.unwrap();
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn a_refused_call_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let sns = aws_sdk_sns::Client::new(&bench.admin(DEV));
    sns.create_topic().name("alerts").send().await.unwrap();
    let refused = sns.create_topic().name("alerts").attributes("DisplayName", "x").send().await;
    assert_eq!(code(refused), "InvalidParameter");
    let arn = "arn:aws:sns:us-east-1:111111111111:alerts";
    let read = sns.get_topic_attributes().topic_arn(arn).send().await.unwrap();
    assert_eq!(read.attributes().unwrap()["DisplayName"], "");
}

#[tokio::test]
async fn accounts_and_regions_are_apart() {
    let bench = Bench::new().await;
    let elsewhere =
        bench.admin(DEV).into_builder().region(aws_types::region::Region::new("eu-west-1")).build();
    for config in [bench.admin(DEV), bench.admin(PROD), elsewhere] {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
        logs.create_log_group().log_group_name("g").send().await.unwrap();
        let again = logs.create_log_group().log_group_name("g").send().await;
        assert_eq!(code(again), "ResourceAlreadyExistsException");
    }
}

#[tokio::test]
async fn only_this_machine_may_reach_the_port() {
    let bench = Bench::new().await;
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = bench.rehearsal.serve(listener, std::future::ready(())).await;
    assert!(refused.unwrap_err().to_string().contains("loopback"));
}
