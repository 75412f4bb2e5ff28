//! Health, readiness, metrics.

use super::served::Served;
use relevo::store::{Silence, Tale, Wanted};
use relevo::web::auth::{Role, Scrape};
use std::{sync::atomic::Ordering, time::Duration};

#[tokio::test]
async fn a_living_agent_is_healthy_until_a_task_is_stuck_and_ready_until_it_ends() {
    let served = Served::new().await;
    served.ask("GET", "/healthz", None, None).await.with(200);
    served.pulse.beat("dispatch", Duration::from_secs(10));
    served.clock.advance(Duration::from_hours(1));
    let told = served.ask("GET", "/healthz", None, None).await.with(503);
    assert_eq!(told.json()["reasons"][0], "dispatch is stuck");
    served.ask("GET", "/readyz", None, None).await.with(200);
    served.ending.store(true, Ordering::SeqCst);
    served.ask("GET", "/readyz", None, None).await.with(503);
    served.ending.store(false, Ordering::SeqCst);
    served.store.close().await;
    served.ask("GET", "/readyz", None, None).await.with(503);
}

#[tokio::test]
async fn figures_are_counted_from_the_store() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    served.run("prod").await;
    served.write(&run, "plan", 1, &["one"]);
    let lease = served.store.acquire_outbox().await.unwrap().unwrap();
    let (about, content) = (None, "{}".to_owned());
    let wanted = Wanted { name: "status".to_owned(), about, silence: Silence::Never, content };
    let tale = Tale { run: run.clone(), seen: 1, finished: false };
    served.store.want(&lease, &tale, &[wanted]).await.unwrap();
    served.clock.advance(Duration::from_secs(30));
    served.ask("GET", "/api/v1/runs", None, None).await.with(401);
    let text = served.ask("GET", "/metrics", None, None).await.with(200).text;
    for line in [
        "relevo_runs{outcome=\"open\"} 2",
        "relevo_queue_length{environment=\"prod\"} 2",
        "relevo_queue_oldest_seconds{environment=\"prod\"} 30.001",
        "relevo_requests_refused_total 1",
        "relevo_outbox_length 1",
        "relevo_outbox_oldest_seconds 30.0",
        "relevo_outbox_given_up 0",
        "relevo_lease_age_seconds 0.0",
        "# TYPE relevo_webhook_to_first_command_seconds histogram",
        "process_resident_memory_bytes ",
        "# EOF",
    ] {
        assert!(text.lines().any(|known| known.starts_with(line)), "no {line:?} in:\n{text}");
    }
    let unsent = text.lines().find_map(|line| line.strip_prefix("relevo_log_unsent_bytes "));
    assert!(unsent.unwrap().parse::<u64>().unwrap() > 100, "{text}");
}

#[tokio::test]
async fn the_age_of_a_lease_is_counted_from_its_renewal_however_long_leases_are() {
    let served = Served::new().await;
    let run = served.run("prod").await.id;
    for lease in [15, 300] {
        let store = served.store.clone().with_lease_duration(Duration::from_secs(lease));
        let held = store.acquire(&run).await.unwrap();
        served.clock.advance(Duration::from_secs(7));
        assert_eq!(store.figures().await.unwrap().lease_age, Some(Duration::from_secs(7)));
        store.release(&held).await.unwrap();
    }
    assert_eq!(served.store.figures().await.unwrap().lease_age, None);
}

#[tokio::test]
async fn figures_can_be_kept_for_those_with_a_token() {
    let served = Served::scraped(Scrape::WithToken).await;
    served.ask("GET", "/metrics", None, None).await.with(401);
    served.get(Role::Viewer, "/metrics").await.with(200);
}

#[tokio::test]
async fn what_a_proxy_hands_over_is_not_from_here() {
    let served = Served::new().await;
    let request = http::Request::get(format!("{}/metrics", served.address))
        .header("x-forwarded-for", "192.0.2.1")
        .body(bytes::Bytes::new());
    served.send(request.unwrap()).await.with(401);
}
