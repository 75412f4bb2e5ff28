//! Drives runs to their end.
//!
//! [`Engine::drive`] leases a run, folds its events, asks [`flow`](crate::flow) what to do, stores "started"
//! before each attempt and its outcome after, until the run is over. All stages of a run are futures of one
//! task: dropping [`Engine::drive`] stops everything and leaves a state that the next drive goes on from.
//! Built-in stages are performed through [`Perform`]; commands run in the run's own checkout.

mod attempt;
mod command;
mod context;
mod course;
mod drive;
mod lanes;
mod leased;
mod leftovers;
mod lending;
mod orders;
mod outputs;
mod perform;
mod rest;
pub mod stages;
mod shipping;
mod workspace;

pub use context::StageContext;
pub use drive::{Driven, EngineError, Orders};
pub use lanes::opening;
pub use leftovers::clear_leftovers;
pub use perform::{Condition, Done, Loan, Perform, Watch};
pub use rest::{AtRest, Order, end_at_rest};
pub use shipping::note_late_lines;

use crate::clock::Clock;
use crate::exec::Inherited;
use crate::git::Credentials;
use crate::logs::{LogFolder, Masker};
use crate::store::Store;
use std::{path::PathBuf, sync::Arc, time::Duration};

/// What every run is driven with.
#[derive(Clone)]
pub struct Engine {
    /// The agent's memory.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The log files, `.agent/logs`.
    pub logs: LogFolder,
    /// Where runs have their checkouts, `.agent/work`.
    pub work: PathBuf,
    /// Where repositories with a URL are mirrored, `.agent/mirrors`.
    pub mirrors: PathBuf,
    /// How to reach them.
    pub credentials: Credentials,
    /// Knows the secrets.
    pub masker: Masker,
    /// What commands inherit of the agent's environment.
    pub inherited: Inherited,
    /// The built-in stages.
    pub perform: Arc<dyn Perform>,
    /// Whether a stage's `when` holds.
    pub condition: Arc<Condition>,
    /// Who watches.
    pub watch: Arc<dyn Watch>,
    /// How long a run's end waits for its last lines to be shipped.
    pub drain_deadline: Duration,
}
