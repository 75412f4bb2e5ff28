//! Events of one's own: TestEventPattern and PutEvents.

use super::bench::{Bench, DEV, code};
use aws_sdk_eventbridge::{
    Client,
    operation::put_events::PutEventsOutput,
    primitives::DateTime,
    types::{
        InputTransformer, PutEventsRequestEntry, Target, builders::PutEventsRequestEntryBuilder,
    },
};
use relevo::rehearsal::Repeats;
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:alerts";

fn event() -> Value {
    json!({
        "id": "7bf73129-1428-4cd3-a780-95db273d1602",
        "account": DEV,
        "source": "clinic.batches",
        "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "Batch arrived",
        "detail": { "rows": 48 },
    })
}

fn entry(source: &str) -> PutEventsRequestEntryBuilder {
    PutEventsRequestEntry::builder()
        .source(source)
        .detail_type("Batch arrived")
        .detail(r#"{"rows":48}"#)
}

async fn put(client: &Client, entries: Vec<PutEventsRequestEntry>) -> PutEventsOutput {
    client.put_events().set_entries(Some(entries)).send().await.unwrap()
}

/// A topic that EventBridge may publish to.
async fn topic(bench: &Bench) {
    let client = aws_sdk_sns::Client::new(&bench.admin(DEV));
    client.create_topic().name("alerts").send().await.unwrap();
    let policy = json!({ "Statement": [{
        "Effect": "Allow",
        "Principal": { "Service": "events.amazonaws.com" },
        "Action": "sns:Publish",
        "Resource": TOPIC,
    }] });
    let set = client.set_topic_attributes().topic_arn(TOPIC).attribute_name("Policy");
    set.attribute_value(policy.to_string()).send().await.unwrap();
}

/// A rule that tells the topic of what `pattern` matches.
async fn rule(client: &Client, name: &str, pattern: &Value) {
    client.put_rule().name(name).event_pattern(pattern.to_string()).send().await.unwrap();
    let target = Target::builder().id("topic").arn(TOPIC).build().unwrap();
    client.put_targets().rule(name).targets(target).send().await.unwrap();
}

/// The events that the topic got.
async fn heard(bench: &Bench) -> Vec<Value> {
    bench.rehearsal.settle().await.unwrap();
    let messages = bench.rehearsal.inbox().await.unwrap();
    messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
}

#[tokio::test]
async fn a_pattern_is_tested_against_a_whole_event() {
    let bench = Bench::new().await;
    let client = Client::new(&bench.deployer("dev", DEV).await);
    let test = |pattern: &str, event: &Value| {
        client.test_event_pattern().event_pattern(pattern).event(event.to_string()).send()
    };
    for (pattern, expected) in [
        (r#"{"source":["clinic.batches"],"detail":{"rows":[{"numeric":["<",100]}]}}"#, true),
        (r#"{"source":["clinic.batches"],"detail":{"rows":[{"numeric":[">=",100]}]}}"#, false),
    ] {
        assert_eq!(test(pattern, &event()).await.unwrap().result(), expected, "{pattern}");
    }
    let refused = test(r#"{"source":[{"like":"x"}]}"#, &event()).await.unwrap_err();
    let message = refused.into_service_error().to_string();
    assert!(message.contains("Reason: 'source': unrecognized match type 'like'"), "{message}");

    let pattern = r#"{"source":["x"]}"#;
    for field in ["id", "account", "source", "time", "region", "resources", "detail-type"] {
        let mut part = event();
        part.as_object_mut().unwrap().remove(field);
        assert_eq!(code(test(pattern, &part).await), "ValidationException", "{field}");
    }
    assert_eq!(code(test(pattern, &json!("text")).await), "ValidationException");
    let long = format!(r#"{{"source":["{}"]}}"#, "x".repeat(4096));
    assert_eq!(code(test(&long, &event()).await), "ValidationException");
}

#[tokio::test]
async fn an_event_of_ones_own_reaches_the_targets_of_the_rules_that_match_it() {
    let mut bench = Bench::new().await;
    bench.rehearsal = bench.rehearsal.with_repeats(Repeats::Always(1));
    let client = Client::new(&bench.deployer("dev", DEV).await);
    topic(&bench).await;
    rule(&client, "hears", &json!({ "source": [{ "prefix": "clinic." }] })).await;
    rule(&client, "deaf", &json!({ "source": [{ "prefix": "hospital." }] })).await;

    let at = DateTime::from_secs(1_800_000_000);
    let answer = put(
        &client,
        vec![
            entry("clinic.batches").resources("arn:x").time(at).build(),
            entry("elsewhere").build(),
            entry("clinic.batches").event_bus_name("no-such-bus").build(),
        ],
    )
    .await;
    assert_eq!(answer.failed_entry_count(), 0);
    let ids: Vec<&str> = answer.entries().iter().filter_map(|one| one.event_id()).collect();
    assert_eq!(ids.len(), 3);
    let expected = json!({
        "version": "0",
        "id": ids[0],
        "detail-type": "Batch arrived",
        "source": "clinic.batches",
        "account": DEV,
        "time": "2027-01-15T08:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:x"],
        "detail": { "rows": 48 },
    });
    assert_eq!(heard(&bench).await, [expected]);
}

#[tokio::test]
async fn a_target_gets_what_its_transformer_makes_and_a_wrong_one_is_refused() {
    let mut bench = Bench::new().await;
    bench.rehearsal = bench.rehearsal.with_repeats(Repeats::Always(1));
    let client = Client::new(&bench.deployer("dev", DEV).await);
    topic(&bench).await;
    let pattern = json!({ "source": ["clinic.batches"] });
    client.put_rule().name("hears").event_pattern(pattern.to_string()).send().await.unwrap();
    let target = |template: &str| {
        let transformer = InputTransformer::builder()
            .input_paths_map("rows", "$.detail.rows")
            .input_template(template)
            .build()
            .unwrap();
        let target = Target::builder().id("topic").arn(TOPIC).input_transformer(transformer);
        client.put_targets().rule("hears").targets(target.build().unwrap()).send()
    };
    let refused = target(r#""<rows> of <model>""#).await.unwrap_err().into_service_error();
    let expected = "InputTemplate for target topic contains invalid placeholder model.";
    assert_eq!(refused.meta().message(), Some(expected));
    assert_eq!(code(target("<rows> rows").await), "ValidationException");

    target(r#"{"text": "<rows> rows came", "rows": <rows>, "rule": <aws.events.rule-name>}"#)
        .await
        .unwrap();
    put(&client, vec![entry("clinic.batches").build()]).await;
    let made = json!({ "text": "48 rows came", "rows": 48, "rule": "hears" });
    assert_eq!(heard(&bench).await, [made]);
}

#[tokio::test]
async fn an_entry_that_aws_would_not_take_fails_alone_in_its_place() {
    let bench = Bench::new().await;
    let client = Client::new(&bench.deployer("dev", DEV).await);
    let whole = entry("clinic.batches");
    let answer = put(
        &client,
        vec![
            entry("aws.sagemaker").build(),
            whole.clone().build(),
            whole.clone().set_source(None).build(),
            whole.clone().detail_type("").build(),
            whole.clone().set_detail(None).build(),
            whole.clone().detail("[1]").build(),
            whole.clone().detail("{").build(),
            entry("aws").build(),
        ],
    )
    .await;
    let codes: Vec<Option<&str>> = answer.entries().iter().map(|one| one.error_code()).collect();
    assert_eq!(
        codes,
        [
            Some("NotAuthorizedForSourceException"),
            None,
            Some("InvalidArgument"),
            Some("InvalidArgument"),
            Some("InvalidArgument"),
            Some("MalformedDetail"),
            Some("MalformedDetail"),
            None,
        ]
    );
    assert_eq!(answer.failed_entry_count(), 6);
    assert!(answer.entries()[1].event_id().is_some());
}

#[tokio::test]
async fn a_request_takes_ten_entries_and_a_megabyte() {
    let bench = Bench::new().await;
    let client = Client::new(&bench.deployer("dev", DEV).await);
    let send = |entries| client.put_events().set_entries(Some(entries)).send();
    let whole = || entry("clinic.batches").build();
    assert_eq!(put(&client, vec![whole(); 10]).await.failed_entry_count(), 0);
    assert_eq!(code(send(vec![whole(); 11]).await), "ValidationException");
    assert_eq!(code(send(Vec::new()).await), "ValidationException");

    // source, kind and time count 1 + 1 + 14 bytes
    let sized = |bytes: usize| {
        let detail = format!(r#"{{"x":"{}"}}"#, "x".repeat(bytes - 16 - r#"{"x":""}"#.len()));
        let time = DateTime::from_secs(0);
        PutEventsRequestEntry::builder()
            .source("s")
            .detail_type("d")
            .detail(detail)
            .time(time)
            .build()
    };
    assert_eq!(put(&client, vec![sized(1024 * 1024)]).await.failed_entry_count(), 0);
    assert_eq!(code(send(vec![sized(1024 * 1024 + 1)]).await), "ValidationException");
    assert_eq!(code(send(vec![sized(600 * 1024); 2]).await), "ValidationException");
}

#[tokio::test]
async fn putting_events_needs_a_permission_on_the_bus() {
    let bench = Bench::new().await;
    let under = async |resource: &str| {
        let policy = json!({ "Statement": [{
            "Effect": "Allow", "Action": "events:PutEvents", "Resource": resource,
        }] });
        let config = bench.deployer_under("dev", DEV, Some(&policy.to_string())).await;
        let entry = entry("clinic.batches").build();
        Client::new(&config).put_events().entries(entry).send().await
    };
    assert!(under("arn:aws:events:us-east-1:111111111111:event-bus/default").await.is_ok());
    let refused = under("arn:aws:events:us-east-1:111111111111:rule/*").await;
    assert_eq!(code(refused), "AccessDeniedException");
}
