//! A store to test, and what to put into it.

use super::*;
use relevo::clock::SimulatedClock;
use relevo::flow::{Event, Outcome};
use relevo::ids::{Attempt, EnvName};
use relevo::queue::Lane;
use relevo::spec::Pipeline;
use relevo::store::{Claim, Claimant};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) struct Memory {
    pub(super) store: Store,
    pub(super) clock: SimulatedClock,
    pub(super) address: StoreAddress,
    /// As sqlx takes it.
    pub(super) url: String,
    _folder: TempDir,
}

impl Memory {
    pub(super) async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("store.db");
        let url = format!("sqlite://{}", file.display());
        Self::at(StoreAddress::file(&file), url, folder).await
    }

    pub(super) async fn postgres() -> Option<Self> {
        let url = postgres::fresh().await?;
        let address = StoreAddress::postgres(&url).unwrap();
        Some(Self::at(address, url, TempDir::new().unwrap()).await)
    }

    async fn at(address: StoreAddress, url: String, folder: TempDir) -> Self {
        let clock = SimulatedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let store = open(&address, &clock).await.unwrap();
        Self { store, clock, address, url, _folder: folder }
    }

    pub(super) async fn reopened(&self) -> Result<Store, StoreError> {
        open(&self.address, &self.clock).await
    }

    pub(super) async fn run(&self) -> RunRecord {
        self.store.create_or_find(new_run(), Ask::Again).await.unwrap().into_run()
    }

    /// The store as an agent on another machine sees it.
    pub(super) fn elsewhere(&self, machine: &str) -> Store {
        let owner = Owner { boot: machine.to_owned(), ..Owner::this_process().unwrap() };
        self.store.clone().as_seen_by(owner)
    }

    /// Says something to the database itself.
    pub(super) async fn execute(&self, statement: &'static str) {
        use sqlx::{AnyConnection, Connection as _, Executor as _};
        let mut connection = AnyConnection::connect(&self.url).await.unwrap();
        connection.execute(statement).await.unwrap();
    }
}

async fn open(address: &StoreAddress, clock: &SimulatedClock) -> Result<Store, StoreError> {
    let store = Store::connect(address.clone(), Arc::new(clock.clone())).await?;
    Ok(store.with_time_of_agents())
}

pub(super) fn prod() -> EnvName {
    "prod".parse().unwrap()
}

pub(super) fn new_run() -> NewRun {
    NewRun {
        repository: "/repo".into(),
        reference: "main".into(),
        commit: "0123456789012345678901234567890123456789".parse().unwrap(),
        environment: prod(),
        facts: Facts {
            event: "manual".into(),
            changed_paths: vec!["data/a.csv".into()],
            ..Facts::default()
        },
        pipeline: Pipeline { name: "p".into(), environments: Vec::new(), stages: Vec::new() },
        reused: Reused::default(),
    }
}

pub(super) fn lane() -> Lane {
    Lane::deploying("p", &prod())
}

pub(super) fn claim(lane: &Lane) -> Claim<'_> {
    Claim { lane, claimant: Claimant::Run, environment: None }
}

pub(super) fn started() -> Event {
    Event::StageStarted { stage: "a".parse().unwrap(), attempt: Attempt::FIRST }
}

pub(super) fn finished() -> Event {
    Event::RunFinished { outcome: Outcome::Succeeded }
}
