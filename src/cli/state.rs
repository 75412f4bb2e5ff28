//! `--state`, `--store`, `--lease`: where everything is kept.

use super::{Shared, failure::CliError};
use crate::{
    app::{App, Fleet},
    clock::SystemClock,
    store::{BadAddress, StoreAddress, StoreError},
};
use std::{
    convert::Infallible,
    ops::Deref,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

/// `--store`. What was given is kept as an address or as what is wrong with it, never as text: that may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given(Result<StoreAddress, BadAddress>);

impl FromStr for Given {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(StoreAddress::postgres(text)))
    }
}

impl Given {
    /// What must not be shown of it.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.0.as_ref().map(StoreAddress::secrets).unwrap_or_default()
    }
}

/// A folder, and the store of a fleet if that takes the place of its own.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
    fleet: Option<Fleet>,
}

impl State {
    /// `folder`, and the store that the command line names.
    pub(crate) fn new(folder: PathBuf, shared: &Shared) -> Result<Self, CliError> {
        let address = shared.store.as_ref().map(|given| given.0.clone()).transpose();
        let address = address.map_err(|error| {
            CliError::usage(error).hint("--store postgres://USER@HOST/DATABASE or AGENT_STORE")
        })?;
        let fleet = address.map(|store| Fleet { store, lease: shared.lease });
        Ok(Self { folder, fleet })
    }

    /// `folder` with its own store, whatever the command line says.
    pub(crate) fn of_its_own(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), fleet: None }
    }
}

impl Deref for State {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.folder
    }
}

/// Opens what is kept in `state`.
pub(crate) async fn open_app(state: &State) -> Result<App, CliError> {
    let clock = Arc::new(SystemClock);
    match &state.fleet {
        None => App::open(state, clock).await.map_err(|error| told(error, Kind::File)),
        Some(fleet) => {
            let app = App::join(state, fleet.clone(), clock).await;
            app.map_err(|error| told(error, Kind::Server))
        }
    }
}

/// Which kind of store could not be opened.
#[derive(Debug, Clone, Copy)]
enum Kind {
    File,
    Server,
}

fn told(error: anyhow::Error, kind: Kind) -> CliError {
    let hint = match (error.downcast_ref::<StoreError>(), kind) {
        (None, Kind::File | Kind::Server) => {
            "name a folder that can be written: --state DIR or AGENT_STATE"
        }
        (Some(StoreError::Newer { .. }), Kind::File) => {
            "use the newer agent, or another folder: --state DIR"
        }
        (Some(StoreError::Newer { .. }), Kind::Server) => {
            "use the newer agent: all agents of a fleet are of one version"
        }
        (
            Some(
                StoreError::NoSuchRun(_)
                | StoreError::AmbiguousRun(_)
                | StoreError::LeaseHeld { .. }
                | StoreError::LeaseLost(_)
                | StoreError::LeaseUncertain { .. }
                | StoreError::Watched { .. }
                | StoreError::WatchLost(_)
                | StoreError::OutboxLost
                | StoreError::Corrupt { .. }
                | StoreError::Owner(_)
                | StoreError::Database(_),
            ),
            kind,
        ) => match kind {
            Kind::File => {
                "if the file is damaged, move it away: the list of runs goes with it, nothing in the cloud does"
            }
            Kind::Server => {
                "is the server up, does it know user and database, does it admit this machine?"
            }
        },
    };
    CliError::from(error).hint(hint)
}
