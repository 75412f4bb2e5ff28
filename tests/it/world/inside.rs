//! The agent in this process, on the state that the binary uses: time is turned by hand, and it dies when it is told to.

use super::World;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_types::{SdkConfig, region::Region};
use relevo::{
    app::{App, Promotion, open_rehearsal},
    clock::SimulatedClock,
    engine::{Driven, Watch},
    exec::{Cancel, Inherited},
    flow::Event,
    git,
    ids::{RunId, StageName},
    logs::{LogLine, LogReader, Masker, StagePart},
    project::{self, Files, Project},
    rehearsal::Rehearsal,
    spec::Environment,
    store::{Ask, Facts, Found, LEASE_DURATION, NewRun, Reused, RunRecord, StoredEvent},
};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Time that passes whenever nobody else has anything to do: a run takes some simulated seconds.
const TICK: Duration = Duration::from_micros(100);

/// One agent of a world, with its own state folder.
pub struct Inside {
    /// Stands still but while a run is driven.
    pub clock: SimulatedClock,
    /// The agent's store and folders.
    pub app: App,
    project: Arc<Project>,
    repository: String,
}

impl World {
    /// An agent in this process that keeps its state in `state`, a folder of the repository; nobody drives anything
    /// there any more.
    pub async fn app(&self, state: &str) -> Inside {
        let repository = self.repository().display().to_string();
        let opened =
            git::Repository::open(&repository, Path::new(""), &Default::default()).unwrap();
        let commit = opened.branch("main").unwrap();
        let files = Files::Commit(&opened, &commit);
        let project = project::load(opened.public_address(), &commit, files, files).unwrap();
        let clock = SimulatedClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let app = App::open(&self.path(state), Arc::new(clock.clone())).await.unwrap();
        Inside { clock, app, project: Arc::new(project), repository }
    }
}

impl Inside {
    /// The unfinished run of main, or a new one.
    pub async fn run(&self) -> RunRecord {
        match self.ask(Ask::Once).await {
            Found::Existing(run) if run.outcome.is_some() => self.ask(Ask::Again).await.into_run(),
            found => found.into_run(),
        }
    }

    async fn ask(&self, ask: Ask) -> Found {
        let new = NewRun {
            repository: self.repository.clone(),
            reference: "main".to_owned(),
            commit: self.project.commit.clone(),
            environment: "prod".parse().unwrap(),
            facts: Facts::default(),
            pipeline: self.project.pipeline.clone(),
            reused: Reused::default(),
        };
        self.app.store.create_or_find(new, ask).await.unwrap()
    }

    /// Promotes main to its end, going on with what was begun.
    pub async fn promote(&self) -> (RunRecord, Driven) {
        self.promote_watched(Arc::new(Fate::never())).await
    }

    /// The same, while somebody watches.
    pub async fn promote_watched(&self, watch: Arc<dyn Watch>) -> (RunRecord, Driven) {
        self.promote_unless(Cancel::never(), watch).await
    }

    /// The same, until somebody stops it.
    pub async fn promote_unless(
        &self,
        cancel: Cancel,
        watch: Arc<dyn Watch>,
    ) -> (RunRecord, Driven) {
        let run = self.run().await;
        let driven = self.drive(&run, (watch, cancel)).await;
        (self.app.store.run(&run.id).await.unwrap(), driven)
    }

    /// Promotes main until `fate` strikes; then the agent is dead, and long enough so that everybody knows. Nothing is
    /// answered by one that came to its end before.
    pub async fn promote_until(&self, fate: Fate) -> Option<RunRecord> {
        let run = self.run().await;
        let fate = Arc::new(fate);
        let died = tokio::select! {
            biased;
            () = fate.strikes.notified() => true,
            _ = self.drive(&run, (Arc::clone(&fate) as Arc<dyn Watch>, Cancel::never())) => false,
        };
        self.clock.advance(LEASE_DURATION);
        died.then_some(run)
    }

    async fn drive(&self, run: &RunRecord, (watch, cancel): (Arc<dyn Watch>, Cancel)) -> Driven {
        let promotion = Promotion {
            project: Arc::clone(&self.project),
            credentials: Default::default(),
            inherited: Inherited::from([]),
            masker: Masker::default(),
            watch,
            cancel,
        };
        let time = async {
            loop {
                tokio::task::yield_now().await;
                self.clock.advance(TICK);
            }
        };
        tokio::select! {
            driven = promotion.drive_last(&self.app, run) => driven.unwrap(),
            () = time => unreachable!("time passes for ever"),
        }
    }

    /// What the run's record says happened.
    pub async fn events(&self, run: &RunId) -> Vec<Event> {
        let stored = self.app.store.events(run).await.unwrap();
        stored.into_iter().map(|stored| stored.event).collect()
    }

    /// The lines that were kept, by stage.
    pub fn kept(&self, run: &RunId) -> BTreeMap<StageName, Vec<String>> {
        let folder = self.app.log_folder();
        let read = |file: &StagePart| {
            let mut reader = LogReader::open(&folder.of(run, file), 0).unwrap();
            std::iter::from_fn(|| reader.next().unwrap()).map(|piece| piece.text).collect()
        };
        let files = folder.files(run).unwrap();
        files.into_iter().map(|file| (file.stage.clone(), read(&file))).collect()
    }

    /// What the commit says of an environment.
    pub fn environment(&self, name: &str) -> &Environment {
        &self.project.environments[&name.parse().unwrap()]
    }

    /// The rehearsed cloud, as an administrator of `account` sees it through the SDK.
    pub async fn account(&self, account: &str) -> SdkConfig {
        let (environments, file) = (&self.project.environments, self.app.rehearsal_file());
        let rehearsal = open_rehearsal(environments, &file, self.app.clock.clone()).await.unwrap();
        administrator(&rehearsal, account)
    }
}

/// The SDK's configuration for an administrator of a rehearsed account.
pub fn administrator(rehearsal: &Rehearsal, account: &str) -> SdkConfig {
    let keys = Rehearsal::administrator_credentials(&account.parse().unwrap());
    let (id, secret) = (keys.access_key_id, keys.secret_access_key);
    let credentials = Credentials::new(id, secret, None, None, "administrator");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(rehearsal.http_client())
        .build()
}

/// Watches a run and says when its agent dies.
#[derive(Debug)]
pub struct Fate {
    events_left: AtomicUsize,
    lines_left: AtomicUsize,
    words: Option<&'static str>,
    strikes: Notify,
}

impl Fate {
    /// The agent lives.
    pub fn never() -> Self {
        Self::after(usize::MAX, usize::MAX)
    }

    /// The agent dies as soon as it has stored so many events.
    pub fn after_events(events: usize) -> Self {
        Self::after(events, usize::MAX)
    }

    /// The agent dies as soon as it has kept so many lines.
    pub fn after_lines(lines: usize) -> Self {
        Self::after(usize::MAX, lines)
    }

    fn after(events: usize, lines: usize) -> Self {
        let (events_left, lines_left) = (AtomicUsize::new(events), AtomicUsize::new(lines));
        Self { events_left, lines_left, words: None, strikes: Notify::new() }
    }

    /// The agent dies as soon as it has kept a line with these words.
    pub fn at(words: &'static str) -> Self {
        Self { words: Some(words), ..Self::never() }
    }

    fn count(&self, left: &AtomicUsize) {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.strikes.notify_one();
        }
    }
}

impl Watch for Fate {
    fn event(&self, _: &RunRecord, _: &StoredEvent) {
        self.count(&self.events_left);
    }

    fn line(&self, line: &LogLine) {
        self.count(&self.lines_left);
        if self.words.is_some_and(|words| line.message.contains(words)) {
            self.strikes.notify_one();
        }
    }

    fn waiting(&self, _: &RunRecord, _: &relevo::queue::Reason) {}
}
