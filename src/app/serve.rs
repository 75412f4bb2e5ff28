//! The long-running agent: it opens everything once, starts its tasks, and ends them in order.
//!
//! A task is one idempotent pass over and over: rows in the store say what is to be done, a bell only wakes it sooner.
//! The end has phases, see [`Phase`]: nothing new is begun first, runs come to their end or are parked, and what is to be
//! said about them is said last.

mod bells;
mod dispatch;
mod driving;
mod enlisted;
mod github;
mod hearing;
mod leftovers;
mod observing;
mod opening;
mod phase;
mod project;
mod reading;
mod room;
mod systemd;
mod tasks;
mod telling;
mod tidying;
mod watching;
mod web;
mod windows;

pub use bells::Bells;
pub use phase::{Phase, Phases, Signals};
pub use tasks::{Ends, Pass, Rest, Task};

use super::{App, settings::Settings};
use crate::{
    exec::Inherited, git::Credentials, logs::Masker, project::Projects, web::health::Pulse,
};
use anyhow::Context as _;
use reading::Reading;
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::AtomicI64},
};
use tokio::{net::TcpListener, sync::watch};

/// Tells people what the agent is doing, a sentence at a time.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;
/// A number from 0 up to 1, drawn anew each time: waits are spread with it.
pub type Chance = Arc<dyn Fn() -> f64 + Send + Sync>;

/// The value of an environment variable.
pub type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What every task is given.
#[derive(Clone)]
pub struct Tools {
    /// Store, folders, time.
    pub app: App,
    /// What the agent is set up with.
    pub settings: Arc<Settings>,
    /// How repositories are reached by URL.
    pub credentials: Credentials,
    /// What commands inherit of the environment of this process.
    pub inherited: Inherited,
    /// Knows the environment of this process, where secrets may be.
    pub variable: Variable,
    /// What must never stand in a log.
    pub masker: Masker,
    /// What runs are driven with, as far as it was loaded of late.
    pub projects: Projects,
    /// Tells people.
    pub say: Say,
    /// Spreads waits.
    pub chance: Chance,
    /// Wakes tasks.
    pub bells: Bells,
    /// When each task last came to the end of a pass.
    pub pulse: Pulse,
    /// How far the end has come.
    pub phases: Phases,
}

/// Serves until it is told to end. `told` hears where the web face listens.
///
/// # Errors
/// The address cannot be listened on, a secret cannot be read, or a task broke too often.
pub async fn serve(
    tools: Tools,
    phase: watch::Sender<Phase>,
    signals: Signals,
    told: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let mut reading = Reading::new(&tools);
    let secrets = reading.webhooks()?;
    let github = reading.github().context("use GitHub")?;
    let alerts = reading.alerts()?;
    let address = tools.settings.listen;
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("listen on {address}"))?;
    // The last thing that may refuse to begin: whoever hears of the address hears of an agent that is one.
    let enlisted = enlisted::task(&tools).await?;
    told(listener.local_addr().context("read the address")?);
    // The order of this list is the order in which they were thought of; they do not depend on each other.
    let mut tasks = vec![enlisted, reading.task()];
    let unreached = Arc::new(AtomicI64::default());
    tasks.extend(opening::task(&tools, github.as_ref()).await);
    tasks.extend(hearing::tasks(&tools, github.clone(), unreached.clone()));
    tasks.extend(dispatch::tasks(&tools));
    tasks.extend(leftovers::tasks(&tools));
    tasks.extend(watching::tasks(&tools));
    tasks.push(tidying::task(&tools));
    tasks.extend(github::tasks(&tools, github.clone()));
    let readings = observing::readings(github.as_ref(), unreached);
    tasks.extend(telling::tasks(&tools, github, alerts));
    let observed = observing::Observed::new(&tools, readings);
    tasks.extend(observing::tasks(&tools, &observed)?);
    let web = web::serve(listener, &tools, secrets, &observed);
    tasks::keep_all(tasks, &tools, (phase, signals), web).await
}
