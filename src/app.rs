//! The composition root: opens what a process needs, hands each part only what it asks for.
//!
//! Only this module knows that some environments live in the rehearsal. Everything else sees an
//! [`Access`](crate::aws::Access) and cannot tell the difference.

mod clouds;
mod heart;
mod promotion;
mod real_scripts;
mod rehearsed;
mod run_project;
mod tracing;
pub mod serve;
pub mod settings;

pub use crate::rehearsal::{Fate, Message, Rehearsal, RuleMetrics};
pub use clouds::{AppClouds, open_rehearsal, rehearsed_agent};
pub use promotion::Promotion;
pub use real_scripts::{Choice, Limits, PythonError, RealScripts, choose, forget};
pub use rehearsed::Rehearsed;
pub use run_project::{NoProject, project_of};

use crate::{
    clock::Clock,
    ids::{EnvName, RunId},
    logs::LogFolder,
    spec::Environment,
    store::{Store, StoreAddress},
};
use anyhow::Context as _;
use clouds::KeptClouds;
use heart::Heart;
use std::{
    collections::BTreeMap,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The agent's memory within the state folder.
const STORE_FILE: &str = "agent.sqlite";
/// Jobs of the rehearsal that are under way, within the state folder.
const JOBS_FOLDER: &str = "jobs";
/// The tokens of the API within the state folder.
const TOKENS_FILE: &str = "tokens.json";
/// The rehearsed cloud within the state folder.
const REHEARSAL_FILE: &str = "rehearsal.sqlite";

/// What every command shares.
#[derive(Debug, Clone)]
pub struct App {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Runs, events, evidence.
    pub store: Store,
    /// The folder of everything that is kept.
    pub state: PathBuf,
    /// Clouds that are open.
    clouds: KeptClouds,
    /// Keeps what the store of a fleet leases.
    _heart: Option<Arc<Heart>>,
}

/// A store that is shared by a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// Where it is.
    pub store: StoreAddress,
    /// How long a run stays with an agent that is not heard of.
    pub lease: Duration,
}

impl App {
    /// Opens the state folder, making it if need be.
    ///
    /// # Errors
    /// The folder cannot be made, or its store cannot be opened.
    pub async fn open(state: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        make_state_folder(state).with_context(|| format!("make {}", state.display()))?;
        let file = state.join(STORE_FILE);
        let store = Store::open(&file, clock.clone())
            .await
            .with_context(|| format!("open {}", file.display()))?;
        Ok(Self {
            clock,
            store,
            state: state.to_owned(),
            clouds: KeptClouds::default(),
            _heart: None,
        })
    }

    /// Opens the state folder as [`open`](Self::open) does, with the store of a fleet in place of its own. Whatever is
    /// leased is renewed as long as the app or a clone of it is kept.
    ///
    /// # Errors
    /// The folder cannot be made, or the store cannot be reached.
    pub async fn join(state: &Path, fleet: Fleet, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        make_state_folder(state).with_context(|| format!("make {}", state.display()))?;
        let Fleet { store: address, lease } = fleet;
        let opened = Store::connect(address.clone(), clock.clone()).await;
        let store = opened.with_context(|| format!("open {address}"))?.with_lease_duration(lease);
        let heart = Heart::start(&store, &clock).context("start the thread that keeps leases")?;
        Ok(Self {
            clock,
            store,
            state: state.to_owned(),
            clouds: KeptClouds::default(),
            _heart: Some(Arc::new(heart)),
        })
    }

    /// The clouds of these environments, opened now or still open: nothing of AWS where all are rehearsed, and the other
    /// way round.
    ///
    /// # Errors
    /// The rehearsal's file cannot be opened.
    pub async fn clouds(
        &self,
        environments: &BTreeMap<EnvName, Environment>,
    ) -> anyhow::Result<AppClouds> {
        self.clouds.open(environments, &self.rehearsal_file(), self.clock.clone()).await
    }

    /// Where log lines are kept.
    #[must_use]
    pub fn log_folder(&self) -> LogFolder {
        LogFolder::at(self.state.join("logs"))
    }

    /// Where runs have their checkouts.
    #[must_use]
    pub fn work_folder(&self) -> PathBuf {
        self.state.join("work")
    }

    /// Where repositories with a URL are mirrored.
    #[must_use]
    pub fn mirrors(&self) -> PathBuf {
        mirrors(&self.state)
    }

    /// Where the tokens of the API are kept, unless the settings say otherwise.
    #[must_use]
    pub fn tokens(&self) -> PathBuf {
        self.state.join(TOKENS_FILE)
    }

    /// Where the rehearsed cloud is kept.
    #[must_use]
    pub fn rehearsal_file(&self) -> PathBuf {
        rehearsal_file(&self.state)
    }
}

/// Nobody else may look into a new state folder, which holds logs and rehearsed data, and git does not see it.
fn make_state_folder(state: &Path) -> std::io::Result<()> {
    if state.exists() {
        return Ok(());
    }
    if let Some(parent) = state.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let private = std::fs::DirBuilder::new().mode(0o700).create(state);
    match private {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => std::fs::write(state.join(".gitignore"), "*\n"),
    }
}

/// Where the rehearsed cloud of a state folder is kept.
#[must_use]
pub fn rehearsal_file(state: &Path) -> PathBuf {
    state.join(REHEARSAL_FILE)
}

/// A name for the sessions of a command that is no run.
#[must_use]
pub fn ad_hoc_run() -> RunId {
    RunId::from(uuid::Uuid::now_v7())
}

/// Where a state folder mirrors repositories with a URL.
#[must_use]
pub fn mirrors(state: &Path) -> PathBuf {
    state.join("mirrors")
}
