//! Stands between the agent and the cloud, and keeps a note of every call: what, and how it was answered. It can make
//! executions take longer than the rehearsal's.

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use jiff::Timestamp;
use std::sync::{Arc, Mutex};

type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

#[derive(Clone)]
pub(super) struct Ledger {
    cloud: SharedHttpClient,
    now: Now,
    /// Until then no execution is shown as over.
    executing_until: Timestamp,
    notes: Arc<Mutex<Vec<Note>>>,
}

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) form: String,
    pub(super) status: u16,
    pub(super) answer: String,
}

impl Note {
    pub(super) fn takes_a_role(&self) -> bool {
        self.form.contains("Action=AssumeRole")
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    pub(super) fn on(cloud: SharedHttpClient, now: Now) -> Self {
        Self { cloud, now, executing_until: Timestamp::MIN, notes: Arc::default() }
    }

    /// The same, with a cloud whose executions take until `then`.
    pub(super) fn with_executions_until(self, then: Timestamp) -> Self {
        Self { executing_until: then, ..self }
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        self.notes.lock().unwrap().clone()
    }

    /// No call was refused for its credentials, each set of keys was renewed in time, and none was asked for longer than
    /// a chain of roles allows. Answers how many sets there were.
    pub(super) fn is_spotless(&self) -> usize {
        let notes = self.notes();
        for note in &notes {
            assert!(!note.answer.contains("Expired") && note.status != 403, "{note:?}");
            if note.takes_a_role() {
                assert!(note.form.contains("DurationSeconds=3600"), "{note:?}");
            }
        }
        notes.iter().filter(|note| note.takes_a_role()).count()
    }
}

impl HttpClient for Ledger {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let cloud = self.cloud.http_connector(settings, components);
        SharedHttpConnector::new(Noting { cloud, ledger: self.clone() })
    }
}

struct Noting {
    cloud: SharedHttpConnector,
    ledger: Ledger,
}

impl std::fmt::Debug for Noting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Noting")
    }
}

impl HttpConnector for Noting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let form = request.body().bytes().map(|body| String::from_utf8_lossy(body).into_owned());
        let notes = Arc::clone(&self.ledger.notes);
        let is_look = request
            .headers()
            .get("x-amz-target")
            .is_some_and(|target| target.ends_with(".DescribePipelineExecution"));
        let goes_on = is_look && (self.ledger.now)() < self.ledger.executing_until;
        let answer = self.cloud.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            if goes_on {
                let said = String::from_utf8_lossy(answer.body().bytes().unwrap()).into_owned();
                answer.headers_mut().remove("content-length");
                *answer.body_mut() = said.replace("\"Succeeded\"", "\"Executing\"").into();
            }
            let said = answer.body().bytes().map(|body| String::from_utf8_lossy(body).into_owned());
            let status = answer.status().as_u16();
            let answered = if status < 400 { String::new() } else { said.unwrap_or_default() };
            let form = form.unwrap_or_default();
            notes.lock().unwrap().push(Note { form, status, answer: answered });
            Ok(answer)
        })
    }
}
