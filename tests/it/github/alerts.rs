//! Alerts: once for each failed promotion, signed, and to nobody who asks for them by a detour.

use super::{
    telling::{Desk, failed, name, promotion, skipped, started},
    token,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use futures_util::future::BoxFuture;
use relevo::{
    flow::{Event, Outcome},
    report::{Alarm, Alert},
    spec::FailureClass,
    store::{Ask, RunRecord},
    telling::{Local, Refusal, SIGNATURE_HEADER, TIMESTAMP_HEADER, Topics, Unheard, Webhook},
};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, task::JoinHandle};

const SHARED: &str = "a secret of the listener";

type Heard = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Listens for alerts, and answers with the statuses it was given, then with 204.
struct Listener {
    heard: Heard,
    port: u16,
    server: JoinHandle<()>,
}

impl Listener {
    async fn start(mut answers: Vec<u16>) -> Self {
        answers.reverse();
        let heard = Heard::default();
        let state = (Arc::clone(&heard), Arc::new(Mutex::new(answers)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().fallback(hear).with_state(state);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { heard, port, server }
    }

    fn webhook(&self) -> Webhook {
        let address = format!("http://127.0.0.1:{}/relevo", self.port).parse().unwrap();
        Webhook::new(address, SHARED.to_owned(), Local::Allowed).unwrap()
    }

    fn heard(&self) -> Vec<(HeaderMap, Bytes)> {
        self.heard.lock().unwrap().clone()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn hear(
    State((heard, answers)): State<(Heard, Arc<Mutex<Vec<u16>>>)>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    heard.lock().unwrap().push((headers, body));
    let status = answers.lock().unwrap().pop().unwrap_or(204);
    (StatusCode::from_u16(status).unwrap(), [("location", "http://127.0.0.1:1/elsewhere")])
}

/// Topics that fail once, then remember.
#[derive(Default)]
struct Remembering {
    tries: Mutex<u32>,
    heard: Mutex<Vec<Alert>>,
}

impl Topics for Remembering {
    fn publish<'a>(
        &'a self,
        run: &'a RunRecord,
        alert: &'a Alert,
    ) -> BoxFuture<'a, Result<(), Unheard>> {
        Box::pin(async move {
            assert_eq!(run.id, alert.run);
            *self.tries.lock().unwrap() += 1;
            if *self.tries.lock().unwrap() == 1 {
                let problem = "sns.us-east-1: connection refused".to_owned();
                return Err(Unheard { refusal: Refusal::Unanswered, problem });
            }
            self.heard.lock().unwrap().push(alert.clone());
            Ok(())
        })
    }
}

async fn desk(webhook: Option<Webhook>, topics: Option<Arc<Remembering>>) -> Desk {
    let mut desk = Desk::new(token()).await;
    for addressee in desk.teller.addressees.values_mut() {
        addressee.manner.stages = relevo::report::Stages::Hidden;
        addressee.manner.alarms.extend(webhook.as_ref().map(|_| Alarm::Webhook));
        addressee.manner.alarms.extend(topics.as_ref().map(|_| Alarm::Topic));
    }
    desk.teller.webhook = webhook.map(Arc::new);
    desk.teller.topics = topics.map(|topics| topics as Arc<dyn Topics>);
    desk
}

fn failure() -> Vec<Event> {
    let outcome = Outcome::Failed { stage: name("validate"), class: FailureClass::UserError };
    vec![
        started("validate"),
        failed("validate", "pipeline.yaml:3:1: unknown key 'stagse'; token hunter2-hunter2"),
        skipped("lint"),
        skipped("deploy"),
        Event::RunFinished { outcome },
    ]
}

/// What the documentation asks of a listener, written down once more.
fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let text = |name| headers[name].to_str().unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SHARED.as_bytes()).unwrap();
    mac.update(format!("{}.", text(TIMESTAMP_HEADER)).as_bytes());
    mac.update(body);
    let signature = hex::decode(text(SIGNATURE_HEADER).strip_prefix("v1=").unwrap()).unwrap();
    mac.verify_slice(&signature).is_ok()
}

#[tokio::test]
async fn a_failed_promotion_is_told_to_topic_and_webhook_once_each() {
    let listener = Listener::start(vec![500, 429]).await;
    let topics = Arc::<Remembering>::default();
    let desk = desk(Some(listener.webhook()), Some(Arc::clone(&topics))).await;
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &failure()).await;
    desk.tell().await;
    desk.tell().await;
    let heard = listener.heard();
    assert_eq!(heard.len(), 3, "a failure, too many, and one that was taken");
    assert!(heard.iter().all(|(headers, body)| is_signed(headers, body)));
    let body: Value = serde_json::from_slice(&heard[2].1).unwrap();
    assert_eq!(
        (body["event"].as_str(), body["run"].as_str()),
        (Some("promotion-failed"), Some(run.id.as_str()))
    );
    assert_eq!(body["outcome"], "failed in validate");
    let topics = topics.heard.lock().unwrap();
    assert_eq!(topics.len(), 1);
    assert_eq!(topics[0].subject, "model: promotion to prod failed in validate");
    let text = &topics[0].text;
    assert!(
        text.contains("unknown key 'stagse'; token ***") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(desk.fake.changes().len(), 0, "the repository is not at GitHub");
}

#[tokio::test]
async fn a_promotion_that_went_well_alerts_nobody() {
    let listener = Listener::start(vec![]).await;
    let desk = desk(Some(listener.webhook()), None).await;
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &promotion()).await;
    desk.tell().await;
    assert_eq!(listener.heard().len(), 0);
}

#[tokio::test]
async fn a_listener_that_sends_elsewhere_is_not_followed() {
    let listener = Listener::start(vec![307; 8]).await;
    let desk = desk(Some(listener.webhook()), None).await;
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &failure()).await;
    desk.tell().await;
    let rows = desk.store.outbox(&run.id).await.unwrap();
    assert_eq!((rows.len(), rows[0].state.as_str()), (1, "given-up"));
    assert!(rows[0].problem.as_ref().unwrap().contains("307"), "{rows:?}");
    assert_eq!(listener.heard().len(), 8);
}

#[tokio::test]
async fn no_name_leads_to_this_machine_unless_that_is_allowed() {
    let listener = Listener::start(vec![]).await;
    let address = format!("https://localhost:{}/", listener.port).parse().unwrap();
    let webhook = Webhook::new(address, SHARED.to_owned(), Local::Refused).unwrap();
    let desk = desk(Some(webhook), None).await;
    let run = desk.run(Ask::Once).await;
    desk.happen(&run, &failure()).await;
    let lease = desk.store.acquire_outbox().await.unwrap().unwrap();
    let told = desk.teller.pass(&lease).await.unwrap();
    assert_eq!((told.said, told.troubles.len(), listener.heard().len()), (0, 1, 0));
}
