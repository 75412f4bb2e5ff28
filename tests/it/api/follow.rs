//! Logs, by page and as they are written.

use super::{
    document::differs,
    served::{Served, token},
};
use bytes::Bytes;
use http::{Request, header};
use relevo::{
    flow::{Event, Outcome},
    ids::RunId,
    remote::{EventStream, ServerEvent},
    web::auth::Role,
};
use serde_json::Value;

async fn follow(served: &Served, run: &RunId, query: &str, last: Option<&str>) -> EventStream {
    let path = format!("{}/api/v1/runs/{run}/log-stream{query}", served.address);
    let mut request = Request::get(path)
        .header(header::AUTHORIZATION, format!("Bearer {}", token(Role::Viewer).reveal()));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = served.client().open(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    EventStream::of(answer.into_body())
}

async fn rest(mut events: EventStream) -> Vec<ServerEvent> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await.unwrap() {
        all.push(event);
    }
    all
}

fn messages(events: &[ServerEvent]) -> Vec<String> {
    let lines = events.iter().filter(|event| event.name == "line");
    let message =
        |line: &ServerEvent| serde_json::from_str::<Value>(&line.data).unwrap()["message"].clone();
    lines.map(|line| message(line).as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_stream_ends_with_its_run_and_goes_on_where_it_broke_off() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    served.write(&run, "plan", 1, &["one", "three"]);
    served.write(&run, "gate", 2, &["two", "four"]);
    served.happen(&run, &[Event::RunFinished { outcome: Outcome::Succeeded }]).await;
    let whole = rest(follow(&served, &run, "", None).await).await;
    // Line `seq` was written in second `seq`: the second stage's first line is as old as the first's second.
    assert_eq!(messages(&whole)[0], "one");
    assert_eq!(messages(&whole)[3], "four");
    let last = whole.last().unwrap();
    assert_eq!((last.name.as_str(), last.data.as_str()), ("end", "{\"outcome\":\"succeeded\"}"));
    for (place, event) in whole.iter().enumerate() {
        let again = rest(follow(&served, &run, "", event.id.as_deref()).await).await;
        let left = if event.name == "end" { &whole[place..] } else { &whole[place + 1..] };
        assert_eq!(again, left, "behind {event:?}");
    }
    let only = rest(follow(&served, &run, "?stage=gate", None).await).await;
    assert_eq!(messages(&only), ["two", "four"]);
}

#[tokio::test]
async fn what_is_written_while_somebody_follows_reaches_them() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    served.write(&run, "plan", 1, &["one"]);
    let now = rest(follow(&served, &run, "?until=now", None).await).await;
    assert_eq!((messages(&now), now.len()), (vec!["one".to_owned()], 2));
    let mut events = follow(&served, &run, "", None).await;
    let first = events.next().await.unwrap().unwrap();
    assert_eq!(messages(&[first]), ["one"]);
    served.write(&run, "plan", 2, &["two"]);
    served.happen(&run, &[Event::RunFinished { outcome: Outcome::Cancelled }]).await;
    // The follower sleeps on the clock that is turned by hand.
    let turning = async {
        loop {
            served.clock.advance(std::time::Duration::from_secs(1));
            tokio::task::yield_now().await;
        }
    };
    let left = tokio::select! {
        left = rest(events) => left,
        never = turning => never,
    };
    assert_eq!(messages(&left), ["two"]);
    assert_eq!(left.last().unwrap().name, "end");
}

#[tokio::test]
async fn a_place_that_is_none_is_refused() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    served.write(&run, "plan", 1, &["one"]);
    for last in ["plan:3", "plan", "../../etc/passwd:0"] {
        let request = Request::get(format!("{}/api/v1/runs/{run}/log-stream", served.address))
            .header(header::AUTHORIZATION, format!("Bearer {}", token(Role::Viewer).reveal()))
            .header("last-event-id", last)
            .body(Bytes::new());
        served.send(request.unwrap()).await.with(400);
    }
}

#[tokio::test]
async fn lines_of_a_stage_are_read_by_page() {
    let served = Served::new().await;
    let run = served.run_with_stage("plan").await.id;
    served.write(&run, "plan", 1, &["one", "two", "three"]);
    let (mut offset, mut read) = (0, Vec::new());
    for _ in 0..3 {
        let path = format!("/api/v1/runs/{run}/logs/plan?most=2&offset={offset}");
        let told = served.get(Role::Viewer, &path).await.with(200);
        let page = told.json();
        assert_eq!(differs("GET", "/api/v1/runs/{run}/logs/{stage}", 200, &page), None, "{page}");
        let lines = page["lines"].as_array().unwrap();
        read.push(lines.len());
        offset = page["next"].as_u64().unwrap();
    }
    assert_eq!(read, [2, 1, 0]);
    let path = format!("/api/v1/runs/{run}/logs/plan?offset=5");
    served.get(Role::Viewer, &path).await.with(400);
    served.get(Role::Viewer, &format!("/api/v1/runs/{run}/logs/gate")).await.with(404);
}
