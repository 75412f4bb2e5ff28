//! What the long-running agent is set up with: `agent.yaml`, checked, or the few flags of the simple case.
//!
//! The file is read by the same strict reader as every other file: all findings at once, each with its place. It holds
//! no secret, only where secrets are.

mod again;
pub mod alerts;
pub mod api;
mod check;
pub mod github;
mod raw;
mod secrets;
mod sources;

pub use again::Written;
pub use check::read;
pub use secrets::{SecretError, SecretSource};
pub use sources::Flaw;

use crate::{
    clock::Clock,
    github::signature::Secrets,
    hearing::Repository,
    ids::{AgentName, Label, RepositoryName},
};
use anyhow::Context as _;
use std::{collections::BTreeSet, net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};
use url::Url;

/// Where the agent listens if nothing is said: on this machine only.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
/// Runs at once if nothing is said: the heavy work is SageMaker's, a run here mostly waits.
const DEFAULT_RUNS_AT_ONCE: NonZeroU32 = NonZeroU32::new(4).unwrap();
/// Time between two looks at what an environment's inference did, if nothing is said: as `agent watch` has it.
const DEFAULT_WATCH: Duration = Duration::from_mins(5);
/// How long an agent that is told to end waits for its runs if nothing is said.
const DEFAULT_DRAIN: Duration = Duration::from_mins(10);

/// The settings of `agent serve`, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file that says so; none in the simple case.
    pub written: Option<Written>,
    /// What the agent is called among those of a fleet, if not after its machine.
    pub name: Option<AgentName>,
    /// What it is or has.
    pub labels: BTreeSet<Label>,
    /// Where the web face listens.
    pub listen: SocketAddr,
    /// Where others reach it, for links in what is told about runs.
    pub public_url: Option<Url>,
    /// The repositories that are heard, by name, each once.
    pub repositories: Vec<Repository>,
    /// Where webhook secrets are; several during a rotation. None, and no webhook is taken.
    pub webhooks: Vec<SecretSource>,
    /// How GitHub is talked to, if it is.
    pub github: Option<github::GitHub>,
    /// Where failed promotions are told beside GitHub.
    pub alerts: alerts::Alerts,
    /// Who may use the API.
    pub api: api::Api,
    /// How many runs are driven at once.
    pub runs_at_once: NonZeroU32,
    /// Time between two looks at what each environment's inference did.
    pub watch_every: Duration,
    /// What becomes of runs when the agent ends.
    pub drain: Drain,
}

/// What becomes of the runs that are under way when the agent is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// How long they may take to end by themselves; nothing parks them at once. What is not done then is parked: the next
    /// agent goes on with it.
    pub within: Duration,
}

impl Settings {
    /// The simple case: one repository, no file.
    ///
    /// # Errors
    /// The repository is where none is looked for.
    pub fn simple(name: RepositoryName, source: String, listen: SocketAddr) -> Result<Self, Flaw> {
        sources::check(&source, None)?;
        Ok(Self {
            written: None,
            name: None,
            labels: BTreeSet::new(),
            listen,
            public_url: None,
            repositories: vec![Repository::polled(name, source)],
            webhooks: Vec::new(),
            github: None,
            alerts: alerts::Alerts::default(),
            api: api::Api::default(),
            runs_at_once: DEFAULT_RUNS_AT_ONCE,
            watch_every: DEFAULT_WATCH,
            drain: Drain { within: DEFAULT_DRAIN },
        })
    }

    /// The secrets that GitHub may sign with, read from where they are; `variable` knows the environment.
    ///
    /// # Errors
    /// One of them cannot be read, or is too short.
    pub fn webhook_secrets(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Secrets> {
        let read = |source: &SecretSource| -> anyhow::Result<Secrets> {
            let secret = source.read(variable)?;
            Secrets::of([secret]).with_context(|| format!("use the secret in {source}"))
        };
        let all = self.webhooks.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(all.into_iter().collect())
    }

    /// What is wrong with the secrets that the settings name: each is read and tried as at the start. Must be called
    /// within a runtime.
    #[must_use]
    pub fn secret_troubles(
        &self,
        clock: &Arc<dyn Clock>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<anyhow::Error> {
        let each = |source: &SecretSource| {
            let alone = Self { webhooks: vec![source.clone()], ..self.clone() };
            alone.webhook_secrets(variable).err()
        };
        let mut troubles: Vec<anyhow::Error> = self.webhooks.iter().filter_map(each).collect();
        if let Some(github) = &self.github {
            let made = github.client(clock.clone(), variable).map(drop);
            troubles.extend(made.context("use GitHub").err());
        }
        let webhook = self.alerts.webhook.as_ref();
        troubles.extend(webhook.and_then(|webhook| webhook.open(variable).err()));
        troubles
    }
}
