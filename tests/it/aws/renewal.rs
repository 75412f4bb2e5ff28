//! What takes longer than an hour, by roles that last one.

use super::{
    ledger::Ledger,
    long_run::{LongRun, Now},
    world::{prod, run},
};
use crate::rehearsal::bench::Bench;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::SignedDuration;
use relevo::{
    aws::Access,
    flow::Outcome,
    logs::{CloudWatch, LogEvent, LogSink},
    rehearsal::Rehearsal,
};
use std::time::Duration;

/// Some looks find keys that are good, some find them over.
const LOOK_EVERY: Duration = Duration::from_secs(25 * 60);

fn access(ledger: &Ledger, now: Now) -> Access {
    let keys = Rehearsal::base_credentials();
    let client = SharedHttpClient::new(ledger.clone());
    Access::through(client, &keys.access_key_id, &keys.secret_access_key).with_time(now)
}

#[tokio::test]
async fn a_training_of_five_hours_outlives_keys_of_one() {
    let run = LongRun::looking_every(LOOK_EVERY).await;
    let until = run.now()() + SignedDuration::from_hours(5);
    let ledger = Ledger::on(run.rehearsal.http_client(), run.now()).with_executions_until(until);
    let access = access(&ledger, run.now());
    let went = Box::pin(run.drive(access, None)).await;
    assert_eq!(went.outcome, Outcome::Succeeded, "{:#?}", went.events);
    let (notes, took) = (ledger.notes(), went.took);
    assert!(took >= SignedDuration::from_hours(5), "{took:#}");
    let sets = ledger.is_spotless();
    println!("{} calls and {sets} sets of keys in {took:#}", notes.len());
    assert!(sets >= 5, "{sets}");
}

#[tokio::test]
async fn lines_are_shipped_for_hours() {
    let bench = Bench::new().await;
    let ledger = Ledger::on(bench.rehearsal.http_client(), bench.clock());
    let sink = CloudWatch::new(access(&ledger, bench.clock()), prod(), run()).settled();
    let stream = "prod/mammography/run/train-test";
    sink.ensure(stream).await.unwrap();
    for _ in 0..20 {
        bench.pass(SignedDuration::from_mins(17));
        let line = LogEvent { timestamp_ms: bench.now().as_millisecond(), message: "x".to_owned() };
        sink.put(stream, &[line]).await.unwrap();
    }
    let sets = ledger.is_spotless();
    assert!(sets >= 5, "{sets} sets of keys in {} hours", 20 * 17 / 60);
}
