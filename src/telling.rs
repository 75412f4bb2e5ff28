//! Tells others about runs through an outbox: what should be said follows from events, what was said is kept, and the
//! difference is sent.
//!
//! A pass first looks at the runs that are not told to their end and puts what should be said by now into the outbox;
//! then it sends what is due, oldest first. Whatever is not heard is tried again with growing pauses and given up with
//! its reason in the end. Alerts are said at least once: a crash at the wrong moment says one twice.
//!
//! Runs of repositories that an agent does not know are left to one that does, which may be there already or come: they
//! share a store while settings are changed. They take turns then.

mod guard;
mod patience;
mod record;
mod send;
mod turn;
mod webhook;

pub use patience::{MOST_REFUSALS, Refusal};
pub use send::{Addressee, Topics, Unheard};
pub use turn::{Asked, Turn};
pub use webhook::{BadWebhook, Local, SIGNATURE_HEADER, TIMESTAMP_HEADER, Webhook};

use crate::{
    clock::Clock,
    github,
    logs::Masker,
    report::{Content, Overtaking, Saying},
    store::{Due, OutboxLease, Silence, Store, StoreError, Unsaid, Wanted, Which},
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// Runs that were over before anybody heard of them are told to nobody when they are older than this; and what waits for
/// longer for an agent that knows its repository is given up.
const OLDEST: Duration = Duration::from_hours(7 * 24);
/// Runs that one pass looks at.
const MOST_RUNS: usize = 500;
/// Things that one pass says; runs go on meanwhile, and what they then say replaces what was not said yet.
const MOST_SAYINGS: usize = 8;

/// Who tells, and whom.
pub struct Teller {
    /// Runs and the outbox.
    pub store: Store,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What nobody must be told.
    pub masker: Masker,
    /// Whom to tell about the runs of a repository, by what runs call it.
    pub addressees: BTreeMap<String, Addressee>,
    /// GitHub.
    pub github: Option<Arc<github::Client>>,
    /// The topics of environments.
    pub topics: Option<Arc<dyn Topics>>,
    /// Where alerts are sent to beside topics.
    pub webhook: Option<Arc<Webhook>>,
}

/// What one pass did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Things that were said.
    pub said: usize,
    /// What was not heard, and why.
    pub troubles: Vec<Trouble>,
    /// When there is something to be said again: now or later, if ever.
    pub next: Option<Timestamp>,
    /// Something is left to agents that know its repository.
    pub left: bool,
}

/// Something that was not heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// About which run, and what.
    pub what: String,
    /// Why.
    pub problem: String,
    /// When it is tried again; it was given up if absent.
    pub again: Option<Timestamp>,
}

/// A pass that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The store failed, or another process tells.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is to be said cannot be kept.
    #[error("what is to be said cannot be kept")]
    Kept(#[from] serde_json::Error),
}

impl Teller {
    /// One pass.
    ///
    /// # Errors
    /// If the store fails or the outbox was lost. What is not heard is no error.
    pub async fn pass(&self, lease: &OutboxLease) -> Result<Told, TellError> {
        self.store.renew_outbox(lease).await?;
        let known: BTreeSet<_> = self.addressees.keys().map(String::as_str).collect();
        let oldest = self.clock.now().saturating_sub(OLDEST).unwrap_or(Timestamp::MIN);
        let mut left = self.look(lease, (&known, oldest)).await?;
        let (mut said, mut troubles) = (0, Vec::new());
        let which = Which { repositories: &known, forsaken_before: oldest };
        for due in self.store.due_sayings(&which, MOST_SAYINGS).await? {
            self.store.renew_outbox(lease).await?;
            if self.store.begin_saying(lease, &due).await? {
                match self.say(lease, &due).await? {
                    None => said += 1,
                    Some(trouble) => troubles.push(trouble),
                }
            }
        }
        let (now, mut next) = (self.clock.now(), None);
        for (repository, at) in self.store.next_sayings().await? {
            if known.contains(repository.as_str()) {
                next = Some(next.map_or(at, |next: Timestamp| next.min(at)));
            } else {
                left |= at <= now;
            }
        }
        Ok(Told { said, troubles, next, left })
    }

    /// Puts what should be said by now into the outbox. Answers whether there are runs that are left to others.
    async fn look(
        &self,
        lease: &OutboxLease,
        (known, oldest): (&BTreeSet<&str>, Timestamp),
    ) -> Result<bool, TellError> {
        let untold = self.store.untold_runs(known, oldest, MOST_RUNS).await?;
        for id in untold.runs {
            let run = self.store.run(&id).await?;
            let Some(addressee) = self.addressees.get(&run.repository) else { continue };
            let (tale, kept) = record::kept(&self.store, &run).await?;
            let sayings = kept.sayings(&addressee.manner);
            let wanted = sayings.iter().map(|saying| self.masked(&run.repository, saying));
            let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
            self.store.want(lease, &tale, &wanted).await?;
        }
        Ok(untold.others)
    }

    fn masked(&self, repository: &str, saying: &Saying) -> Result<Wanted, serde_json::Error> {
        let (about, silence) = match saying.content.overtaking() {
            Overtaking::Silences(about) => (Some(about), Silence::Always),
            Overtaking::SilencesUnmade(about) => (Some(about), Silence::Unmade),
            Overtaking::Never => (None, Silence::Never),
        };
        let mut content = serde_json::to_value(&saying.content)?;
        send::mask(&mut content, &self.masker);
        Ok(Wanted {
            name: saying.key.clone(),
            about: about.map(|about| format!("{repository} {about}")),
            silence,
            content: content.to_string(),
        })
    }

    /// Says one thing, and takes down what came of it.
    async fn say(&self, lease: &OutboxLease, due: &Due) -> Result<Option<Trouble>, TellError> {
        let run = self.store.run(&due.run).await?;
        let content: Content = serde_json::from_str(&due.content)?;
        let unheard = match self.send(&run, due, &content).await {
            Ok(remote) => {
                self.store.said(lease, due, &remote).await?;
                return Ok(None);
            }
            Err(unheard) => unheard,
        };
        let next = patience::after(unheard.refusal, due.tries, self.clock.now());
        let problem = self.masker.mask(&unheard.problem).into_owned();
        let unsaid = Unsaid {
            problem: &problem,
            // An earlier doubt stays: it may have been the look for what the earlier try left that failed.
            doubt: due.doubt || next.doubt,
            tries: next.tries,
            again: next.again,
        };
        self.store.unsaid(lease, due, unsaid).await?;
        let what = format!("{} of run {}", due.name, due.run.short());
        Ok(Some(Trouble { what, problem, again: next.again }))
    }
}
