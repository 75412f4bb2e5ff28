//! Log lines: what is refused whole, what is dropped, what is read back.

use super::bench::{Bench, DEV, code};
use aws_sdk_cloudwatchlogs::{
    Client, operation::put_log_events::PutLogEventsOutput, types::InputLogEvent,
};
use jiff::SignedDuration;

const GROUP: &str = "jenkins-log";
const STREAM: &str = "dev/mammography-severity/run-1/validate";
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

struct World {
    bench: Bench,
    client: Client,
}

impl World {
    async fn new() -> Self {
        let bench = Bench::new().await;
        let client = Client::new(&bench.deployer("dev", DEV).await);
        client.create_log_group().log_group_name(GROUP).send().await.unwrap();
        let stream = client.create_log_stream().log_group_name(GROUP).log_stream_name(STREAM);
        stream.send().await.unwrap();
        Self { bench, client }
    }

    fn event(&self, age_ms: i64, message: &str) -> InputLogEvent {
        let timestamp = self.bench.now().as_millisecond() - age_ms;
        InputLogEvent::builder().timestamp(timestamp).message(message).build().unwrap()
    }

    async fn put(&self, events: Vec<InputLogEvent>) -> Result<PutLogEventsOutput, String> {
        let call = self.client.put_log_events().log_group_name(GROUP).log_stream_name(STREAM);
        match call.set_log_events(Some(events)).send().await {
            Ok(answer) => Ok(answer),
            refused => Err(code(refused)),
        }
    }

    async fn messages(&self) -> Vec<String> {
        let mut pages =
            self.client.filter_log_events().log_group_name(GROUP).into_paginator().send();
        let mut messages = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            messages
                .extend(page.events().iter().filter_map(|one| one.message().map(str::to_owned)));
        }
        messages
    }
}

#[tokio::test]
async fn groups_and_streams_are_made_once_with_legal_names() {
    let World { client, .. } = World::new().await;
    let again = client.create_log_group().log_group_name(GROUP).send().await;
    assert_eq!(code(again), "ResourceAlreadyExistsException");
    for name in ["aws/lambda", "with space", &"x".repeat(513)] {
        let refused = client.create_log_group().log_group_name(name).send().await;
        assert_eq!(code(refused), "InvalidParameterException");
    }
    let stream = |group: &str, name: &str| {
        client.create_log_stream().log_group_name(group).log_stream_name(name).send()
    };
    assert_eq!(code(stream(GROUP, STREAM).await), "ResourceAlreadyExistsException");
    assert_eq!(code(stream(GROUP, "12:00").await), "InvalidParameterException");
    assert_eq!(code(stream(GROUP, "a*").await), "InvalidParameterException");
    assert_eq!(code(stream("missing", "a").await), "ResourceNotFoundException");
}

#[tokio::test]
async fn retention_takes_only_the_days_that_aws_knows() {
    let World { client, .. } = World::new().await;
    let keep =
        |days| client.put_retention_policy().log_group_name(GROUP).retention_in_days(days).send();
    keep(90).await.unwrap();
    assert_eq!(code(keep(13).await), "InvalidParameterException");
    let groups =
        client.describe_log_groups().log_group_name_prefix("jenkins").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].retention_in_days(), Some(90));
    client.delete_retention_policy().log_group_name(GROUP).send().await.unwrap();
    let groups = client.describe_log_groups().send().await.unwrap();
    assert_eq!(groups.log_groups()[0].retention_in_days(), None);
    let key = client.associate_kms_key().log_group_name(GROUP).kms_key_id("arn:aws:kms:x").send();
    assert_eq!(code(key.await), "InvalidParameterException");
}

#[tokio::test]
async fn a_batch_that_breaks_a_limit_is_refused_whole() {
    let world = World::new().await;
    let megabyte = "x".repeat(1_048_551);
    let half = "x".repeat(600_000);
    let refused = [
        vec![],
        vec![world.event(0, "")],
        vec![world.event(0, &megabyte)],
        vec![world.event(0, &half), world.event(0, &half)],
        vec![world.event(0, "late"), world.event(1, "early")],
        vec![world.event(DAY_MS + 1, "yesterday"), world.event(0, "today")],
        vec![world.event(0, "x"); 10_001],
    ];
    for batch in refused {
        assert_eq!(world.put(batch).await.unwrap_err(), "InvalidParameterException");
    }
    assert!(world.messages().await.is_empty());
    let largest = "x".repeat(1_048_550);
    world.put(vec![world.event(0, &largest)]).await.unwrap();
    world.put(vec![world.event(DAY_MS, "first"), world.event(0, "last")]).await.unwrap();
    assert_eq!(world.messages().await.len(), 3);
}

#[tokio::test]
async fn events_outside_the_ages_are_dropped_and_counted() {
    let world = World::new().await;
    let answer = world
        .put(vec![
            world.event(15 * DAY_MS, "too old"),
            world.event(HOUR_MS, "good"),
            world.event(-2 * HOUR_MS, "just in time"),
            world.event(-2 * HOUR_MS - 1, "too new"),
        ])
        .await
        .unwrap();
    let rejected = answer.rejected_log_events_info().unwrap();
    assert_eq!(rejected.too_old_log_event_end_index(), Some(1));
    assert_eq!(rejected.too_new_log_event_start_index(), Some(3));
    assert_eq!(rejected.expired_log_event_end_index(), None);
    assert_eq!(world.messages().await, ["good", "just in time"]);

    world
        .client
        .put_retention_policy()
        .log_group_name(GROUP)
        .retention_in_days(1)
        .send()
        .await
        .unwrap();
    let answer =
        world.put(vec![world.event(2 * DAY_MS, "expired"), world.event(0, "kept")]).await.unwrap();
    let rejected = answer.rejected_log_events_info().unwrap();
    assert_eq!(rejected.expired_log_event_end_index(), Some(1));
    assert_eq!(rejected.too_old_log_event_end_index(), None);
    let all_gone = world.put(vec![world.event(15 * DAY_MS, "x")]).await.unwrap();
    assert!(all_gone.rejected_log_events_info().is_some());
}

#[tokio::test]
async fn lines_past_the_retention_are_gone() {
    let mut world = World::new().await;
    // A deployer's session would not last that long.
    world.client = Client::new(&world.bench.admin(DEV));
    world.put(vec![world.event(0, "first")]).await.unwrap();
    let keep = world.client.put_retention_policy().log_group_name(GROUP).retention_in_days(1);
    keep.send().await.unwrap();
    world.bench.pass(SignedDuration::from_hours(23));
    world.put(vec![world.event(0, "second")]).await.unwrap();
    assert_eq!(world.messages().await, ["first", "second"]);
    world.bench.pass(SignedDuration::from_hours(2));
    world.put(vec![world.event(0, "third")]).await.unwrap();
    assert_eq!(world.messages().await, ["second", "third"]);
}

#[tokio::test]
async fn lines_go_to_streams_that_exist() {
    let world = World::new().await;
    let call = world.client.put_log_events().log_group_name(GROUP).log_stream_name("missing");
    let refused = call.log_events(world.event(0, "x")).send().await;
    assert_eq!(code(refused), "ResourceNotFoundException");
}

#[tokio::test]
async fn a_stream_is_read_forward_until_the_token_repeats() {
    let world = World::new().await;
    world.put((0..5).map(|n| world.event(10 - n, &format!("line {n}"))).collect()).await.unwrap();
    let mut seen = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = world
            .client
            .get_log_events()
            .log_group_name(GROUP)
            .log_stream_name(STREAM)
            .start_from_head(true)
            .limit(2)
            .set_next_token(token.clone())
            .send()
            .await
            .unwrap();
        seen.extend(page.events().iter().filter_map(|event| event.message().map(str::to_owned)));
        let next = page.next_forward_token().map(str::to_owned);
        if next == token {
            break;
        }
        token = next;
    }
    assert_eq!(seen, ["line 0", "line 1", "line 2", "line 3", "line 4"]);

    let tail = world.client.get_log_events().log_group_name(GROUP).log_stream_name(STREAM).limit(2);
    let tail = tail.send().await.unwrap();
    let last: Vec<_> = tail.events().iter().filter_map(|event| event.message()).collect();
    assert_eq!(last, ["line 3", "line 4"]);
}

#[tokio::test]
async fn a_filter_looks_through_streams_times_and_terms_in_pages() {
    let world = World::new().await;
    let other = "dev/mammography-severity/run-2/plan";
    world
        .client
        .create_log_stream()
        .log_group_name(GROUP)
        .log_stream_name(other)
        .send()
        .await
        .unwrap();
    world.put(vec![world.event(30, "ERROR one"), world.event(10, "fine")]).await.unwrap();
    let call = world.client.put_log_events().log_group_name(GROUP).log_stream_name(other);
    call.log_events(world.event(20, "ERROR two")).send().await.unwrap();

    assert_eq!(world.messages().await, ["ERROR one", "ERROR two", "fine"]);
    let filter = || world.client.filter_log_events().log_group_name(GROUP);
    let errors = filter().filter_pattern("ERROR").send().await.unwrap();
    assert_eq!(errors.events().len(), 2);
    let one =
        filter().log_stream_name_prefix("dev/mammography-severity/run-2").send().await.unwrap();
    assert_eq!(one.events()[0].message(), Some("ERROR two"));
    let now = world.bench.now().as_millisecond();
    let middle = filter().start_time(now - 20).end_time(now - 20).send().await.unwrap();
    assert_eq!(middle.events()[0].message(), Some("ERROR two"));
    let both = filter().log_stream_names("a").log_stream_name_prefix("b").send().await;
    assert_eq!(code(both), "InvalidParameterException");

    // Between two full pages comes an empty one, as AWS sometimes sends.
    let first = filter().limit(2).send().await.unwrap();
    assert_eq!(first.events().len(), 2);
    let empty = filter().limit(2).set_next_token(first.next_token).send().await.unwrap();
    assert!(empty.events().is_empty() && empty.next_token().is_some());
    let rest = filter().limit(2).set_next_token(empty.next_token).send().await.unwrap();
    assert_eq!(rest.events()[0].message(), Some("fine"));
    assert_eq!(rest.next_token(), None);
}

#[tokio::test]
async fn streams_are_listed_by_name_or_by_time() {
    let world = World::new().await;
    for name in ["b", "a"] {
        let stream = world.client.create_log_stream().log_group_name(GROUP).log_stream_name(name);
        stream.send().await.unwrap();
    }
    world.put(vec![world.event(0, "x")]).await.unwrap();
    let describe = || world.client.describe_log_streams().log_group_name(GROUP);
    let by_name = describe().limit(2).send().await.unwrap();
    assert_eq!(by_name.log_streams()[0].log_stream_name(), Some("a"));
    let rest = describe().limit(2).set_next_token(by_name.next_token).send().await.unwrap();
    assert_eq!(rest.log_streams().len(), 1);
    let by_time =
        describe().order_by("LastEventTime".into()).descending(true).send().await.unwrap();
    assert_eq!(by_time.log_streams()[0].log_stream_name(), Some(STREAM));
    let both = describe().order_by("LastEventTime".into()).log_stream_name_prefix("a").send().await;
    assert_eq!(code(both), "InvalidParameterException");
}
