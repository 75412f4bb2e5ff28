//! Schedules in simulated time.

use super::{
    bench::code,
    plant::{Plant, alert, start_training},
};
use relevo::rehearsal::{Activity, Fault};
use serde_json::Value;

/// The times that scheduled events name, oldest first.
async fn fired(plant: &Plant) -> Vec<String> {
    let mail = plant.mail().await;
    let events = mail.iter().map(|message| serde_json::from_str::<Value>(&message.body).unwrap());
    events.map(|event| event["time"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_schedule_starts_its_pipeline_once_however_often_someone_looks() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 * * ? *)", vec![start_training(), alert()]).await;
    plant.look_at("2026-11-22T22:59:59Z").await;
    assert!(plant.trainings().await.is_empty());
    for second in ["00", "01", "30", "59"] {
        plant.look_at(&format!("2026-11-22T23:00:{second}Z")).await;
    }
    assert_eq!(plant.trainings().await.len(), 1);

    let mail = plant.mail().await;
    let event: Value = serde_json::from_str(&mail[0].body).unwrap();
    assert_eq!(event["source"], "aws.events");
    assert_eq!(event["detail-type"], "Scheduled Event");
    assert_eq!(event["time"], "2026-11-22T23:00:00Z");
    assert_eq!(event["account"], "111111111111");
    assert_eq!(event["resources"][0], "arn:aws:events:us-east-1:111111111111:rule/nightly");
    assert_eq!(event["detail"], serde_json::json!({}));
}

#[tokio::test]
async fn what_nobody_looked_at_within_a_minute_is_missed_and_not_caught_up() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 * * ? *)", vec![alert()]).await;
    plant.look_at("2026-11-22T23:01:00Z").await;
    plant.look_at("2026-11-26T12:00:00Z").await;
    assert!(fired(&plant).await.is_empty());
    plant.look_at("2026-11-26T23:00:59Z").await;
    assert_eq!(fired(&plant).await, ["2026-11-26T23:00:00Z"]);
}

#[tokio::test]
async fn schedules_are_in_utc_whatever_clocks_do_in_spring_and_autumn() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(30 2 * * ? *)", vec![alert()]).await;
    // 02:30 does not exist in Berlin on the first of these days, and New York has 01:30 twice on the last.
    for day in ["2027-03-27", "2027-03-28", "2027-03-29", "2027-10-31", "2027-11-07"] {
        plant.look_at(&format!("{day}T02:30:20Z")).await;
    }
    for hour in ["00", "01", "03", "04"] {
        plant.look_at(&format!("2027-11-08T{hour}:30:20Z")).await;
    }
    let days = ["2027-03-27", "2027-03-28", "2027-03-29", "2027-10-31", "2027-11-07"];
    assert_eq!(fired(&plant).await, days.map(|day| format!("{day}T02:30:00Z")));
}

#[tokio::test]
async fn a_rate_keeps_its_step_over_a_change_of_clocks_and_a_leap_day() {
    let plant = Plant::new().await;
    plant.look_at("2028-02-28T12:00:30Z").await;
    plant.on_schedule("rate(1 day)", vec![alert()]).await;
    let days = ["2028-02-29", "2028-03-01", "2028-03-25", "2028-03-26", "2028-03-27"];
    for day in days {
        plant.look_at(&format!("{day}T12:00:29Z")).await;
        plant.look_at(&format!("{day}T12:00:31Z")).await;
    }
    assert_eq!(fired(&plant).await, days.map(|day| format!("{day}T12:00:30Z")));
}

#[tokio::test]
async fn a_leap_day_comes_every_four_years() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 29 2 ? *)", vec![alert()]).await;
    for day in ["2027-02-28", "2027-03-01", "2028-02-28", "2028-02-29", "2028-03-01"] {
        plant.look_at(&format!("{day}T23:00:00Z")).await;
    }
    assert_eq!(fired(&plant).await, ["2028-02-29T23:00:00Z"]);
}

#[tokio::test]
async fn a_disabled_or_deleted_rule_does_not_fire_and_an_enabled_one_counts_anew() {
    let plant = Plant::new().await;
    let events = plant.events();
    plant.on_schedule("rate(5 minutes)", vec![alert()]).await;
    plant.look_at("2026-11-22T12:04:00Z").await;
    events.disable_rule().name("nightly").send().await.unwrap();
    plant.look_at("2026-11-22T12:05:00Z").await;
    events.enable_rule().name("nightly").send().await.unwrap();
    plant.look_at("2026-11-22T12:09:59Z").await;
    assert!(fired(&plant).await.is_empty());
    plant.look_at("2026-11-22T12:10:00Z").await;
    assert_eq!(fired(&plant).await, ["2026-11-22T12:10:00Z"]);

    events.remove_targets().rule("nightly").ids("alert").send().await.unwrap();
    events.delete_rule().name("nightly").send().await.unwrap();
    plant.look_at("2026-11-22T12:15:00Z").await;
    assert_eq!(fired(&plant).await.len(), 1);
}

#[tokio::test]
async fn putting_a_rule_again_goes_on_counting_and_another_schedule_begins_anew() {
    let plant = Plant::new().await;
    plant.on_schedule("rate(5 minutes)", vec![alert()]).await;
    plant.look_at("2026-11-22T12:04:00Z").await;
    plant.on_schedule("rate(5 minutes)", vec![alert()]).await;
    plant.look_at("2026-11-22T12:05:00Z").await;
    plant.on_schedule("rate(2 minutes)", vec![alert()]).await;
    plant.look_at("2026-11-22T12:07:00Z").await;
    plant.look_at("2026-11-22T12:10:00Z").await;
    assert_eq!(fired(&plant).await, ["2026-11-22T12:05:00Z", "2026-11-22T12:07:00Z"]);
}

#[tokio::test]
async fn a_refused_request_is_a_look_as_well() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 * * ? *)", vec![alert()]).await;
    let night: jiff::Timestamp = "2026-11-22T23:00:30Z".parse().unwrap();
    plant.bench.pass(night.duration_since(plant.bench.now()));
    let missing = plant.events().describe_rule().name("missing").send().await;
    assert_eq!(code(missing), "ResourceNotFoundException");
    plant.look_at("2026-11-23T12:00:00Z").await;
    assert_eq!(fired(&plant).await, ["2026-11-22T23:00:00Z"]);
}

#[tokio::test]
async fn a_target_in_trouble_is_tried_again_when_its_pause_is_over() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 * * ? *)", vec![start_training(), alert()]).await;
    let night: jiff::Timestamp = "2026-11-22T23:00:00Z".parse().unwrap();
    plant.bench.pass(night.duration_since(plant.bench.now()));
    let broken = plant.in_trouble(Fault::Broken);
    assert_eq!(broken.settle().await.unwrap(), Activity::Idle);
    plant.settle().await;
    assert!(plant.trainings().await.is_empty() && fired(&plant).await.is_empty());
    plant.look_in(1).await;
    assert_eq!((plant.trainings().await.len(), fired(&plant).await.len()), (1, 1));
}

#[tokio::test]
async fn two_processes_fire_a_schedule_once() {
    let plant = Plant::new().await;
    plant.on_schedule("cron(0 23 * * ? *)", vec![start_training()]).await;
    let night: jiff::Timestamp = "2026-11-22T23:00:00Z".parse().unwrap();
    plant.bench.pass(night.duration_since(plant.bench.now()));
    let path = plant.bench.folder.path().join("rehearsal.sqlite");
    let other =
        relevo::rehearsal::Rehearsal::open(&path, super::bench::landscape(), plant.bench.clock());
    let other = other.await.unwrap();
    let (one, two) = tokio::join!(plant.bench.rehearsal.settle(), other.settle());
    assert_eq!((one.unwrap(), two.unwrap()), (Activity::Idle, Activity::Idle));
    plant.settle().await;
    assert_eq!(plant.trainings().await.len(), 1);
}
