//! The task that hears: each repository is judged and looked at, one pass at a time for each, several repositories at
//! once, so that one that answers slowly keeps no other waiting.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{
    clock::{later, until},
    git::Tips,
    github::Client,
    hearing::{Hearing, Judged, Looked, Repository, pace, patience},
    store::{StoreError, Via},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};
use tokio::{runtime::Handle, sync::Mutex};

/// Time between two looks at what there is to do; a bell comes first as a rule.
const EVERY: Duration = Duration::from_secs(30);
/// Repositories that are judged or looked at at once: each has a thread, and a `git` beside it.
const MOST_AT_ONCE: usize = 8;
/// Repositories that one pass considers.
const MOST_CONSIDERED: u32 = 100;
/// After this time every branch is held against the runs there are, whether it moved or not.
const WHOLE_LOOK: SignedDuration = SignedDuration::from_hours(1);
/// Judged deliveries are listed for so long …
const ROWS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// … and have their bodies for so long.
const BODIES_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Judging, and looking at repositories.
pub(super) fn tasks(
    tools: &Tools,
    github: Option<Arc<Client>>,
    unreached: Arc<AtomicI64>,
) -> Vec<Task> {
    let app = &tools.app;
    let hearing = Hearing {
        store: app.store.clone(),
        clock: app.clock.clone(),
        mirrors: app.mirrors(),
        credentials: tools.credentials.clone(),
        github,
        projects: tools.projects.clone(),
        masker: tools.masker.clone(),
        made: tools.bells.runs.clone(),
    };
    vec![Task {
        name: "hearing".to_owned(),
        bell: tools.bells.deliveries.clone(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(Ears { tools: tools.clone(), hearing, unreached, work: Mutex::default() }),
    }]
}

struct Ears {
    tools: Tools,
    hearing: Hearing,
    /// How many repositories are out of reach, or have no rules that can be read.
    unreached: Arc<AtomicI64>,
    work: Mutex<Work>,
}

struct Work {
    ended: (Sender<Ended>, Receiver<Ended>),
    busy: BTreeSet<String>,
    looks: BTreeMap<String, Look>,
    forgotten: Option<Timestamp>,
}

/// What is known of a repository from the looks before.
#[derive(Debug, Clone, Default)]
struct Look {
    due: Timestamp,
    tips: Option<Tips>,
    whole: Timestamp,
    trouble: Option<String>,
    /// Looks in a row that did not reach it.
    failures: u32,
}

/// What a job of a repository came to; nothing if it panicked.
type Ended = (String, Option<Done>);

enum Done {
    Judged(Result<Judged, StoreError>),
    Looked(Result<Looked, StoreError>, Option<Timestamp>),
}

impl Pass for Ears {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.listen())
    }
}

impl Ears {
    async fn listen(&self) -> anyhow::Result<Rest> {
        let mut work = self.work.lock().await;
        let work = &mut *work;
        self.reap(work)?;
        let seen = self.tools.app.clock.now();
        let store = &self.tools.app.store;
        let due = store.unjudged_repositories(MOST_CONSIDERED).await;
        for name in due.context("list what is to be judged")? {
            if work.takes(&name) {
                self.judge(work, name);
            }
        }
        let now = self.tools.app.clock.now();
        for repository in &self.tools.settings.repositories {
            let name = repository.name.to_string();
            let is_due = work.looks.entry(name.clone()).or_default().due <= now;
            if is_due && work.takes(&name) {
                self.look(work, repository.clone(), now);
            }
        }
        self.forget(work, now).await?;
        let postponed =
            store.next_delivery_due(seen).await.context("look when a delivery is due")?;
        Ok(work.rest(now, postponed))
    }

    fn reap(&self, work: &mut Work) -> anyhow::Result<()> {
        while let Ok((name, done)) = work.ended.1.try_recv() {
            work.busy.remove(&name);
            let done = done.with_context(|| format!("judging or looking at {name} broke"))?;
            match done {
                Done::Judged(judged) => self.judged(&name, judged.context("judge deliveries")?),
                Done::Looked(looked, webhook) => {
                    self.looked(work, &name, looked.context("look at a repository")?, webhook);
                }
            }
        }
        Ok(())
    }

    fn judged(&self, name: &str, judged: Judged) {
        if !judged.runs.is_empty() || judged.answers > 0 {
            self.tools.bells.runs.notify_one();
            self.tools.bells.tellings.notify_one();
        }
        if let Some(trouble) = judged.trouble {
            (self.tools.say)(&format!("{name}: {trouble}; deliveries wait"));
        }
    }

    fn looked(&self, work: &mut Work, name: &str, looked: Looked, webhook: Option<Timestamp>) {
        let now = self.tools.app.clock.now();
        let usual = self.known(name).map_or(EVERY, |repository| repository.poll);
        let look = work.looks.entry(name.to_owned()).or_default();
        let (found, trouble, failures) = match looked {
            Looked::Same => (0, None, 0),
            Looked::Moved { tips, found } => {
                look.tips = Some(tips);
                (found, None, 0)
            }
            Looked::Trouble(trouble) => (0, Some(trouble), 0),
            Looked::Unreached(trouble) => (0, Some(trouble), look.failures.saturating_add(1)),
        };
        look.failures = failures;
        if let Some(trouble) = trouble.as_ref().filter(|new| look.trouble.as_ref() != Some(*new)) {
            (self.tools.say)(&format!("{name}: {trouble}"));
        }
        look.trouble = trouble;
        let (wait, spread) = match failures {
            0 => (pace(usual, now, webhook, found), 0.1),
            // A server that comes back must not be met by everybody at once.
            failures => (patience(usual, failures), 0.3),
        };
        // Spread, so that many agents and many repositories do not knock at the same moment.
        look.due = later(now, wait.mul_f64(1.0 - spread * (self.tools.chance)()));
        let unreached = work.looks.values().filter(|look| look.trouble.is_some()).count();
        self.unreached.store(i64::try_from(unreached).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    fn judge(&self, work: &mut Work, name: String) {
        let (hearing, known) = (self.hearing.clone(), self.known(&name).cloned());
        self.start(work, name.clone(), move || async move {
            Done::Judged(hearing.judge(&name, known.as_ref()).await)
        });
    }

    fn look(&self, work: &mut Work, repository: Repository, now: Timestamp) {
        let name = repository.name.to_string();
        let look = work.looks.entry(name.clone()).or_default();
        if now.duration_since(look.whole) >= WHOLE_LOOK {
            (look.tips, look.whole) = (None, now);
        }
        let (hearing, before) = (self.hearing.clone(), look.tips.clone());
        let failures = look.failures;
        self.start(work, name.clone(), move || async move {
            let looked = match hearing.look(&repository, before.as_ref()).await {
                Ok(looked) => {
                    hearing.note_reach(&repository, &looked, failures).await.map(|()| looked)
                }
                failed => failed,
            };
            let webhook = hearing.store.last_delivery(&name, Via::Webhook).await;
            match webhook {
                Ok(webhook) => Done::Looked(looked, webhook),
                Err(error) => Done::Looked(Err(error), None),
            }
        });
    }

    /// Starts a job on a thread of its own, since git blocks.
    fn start<F: Future<Output = Done>>(
        &self,
        work: &mut Work,
        name: String,
        job: impl FnOnce() -> F + Send + 'static,
    ) {
        let (here, bell) = (Handle::current(), Arc::clone(&self.tools.bells.deliveries));
        let ended = work.ended.0.clone();
        work.busy.insert(name.clone());
        tokio::task::spawn_blocking(move || {
            let done = catch_unwind(AssertUnwindSafe(|| here.block_on(job()))).ok();
            // Told first, rung second: whoever wakes finds it.
            let _nobody_left = ended.send((name, done));
            bell.notify_one();
        });
    }

    fn known(&self, name: &str) -> Option<&Repository> {
        self.tools.settings.repositories.iter().find(|known| known.name.as_str() == name)
    }

    /// Forgets old deliveries, now and then.
    async fn forget(&self, work: &mut Work, now: Timestamp) -> anyhow::Result<()> {
        if work.forgotten.is_some_and(|last| now.duration_since(last) < WHOLE_LOOK) {
            return Ok(());
        }
        let before = |kept| now.saturating_sub(kept).unwrap_or(Timestamp::MIN);
        let store = &self.tools.app.store;
        let forgotten = store.forget_deliveries(before(ROWS_KEPT), before(BODIES_KEPT)).await;
        forgotten.context("forget old deliveries")?;
        work.forgotten = Some(now);
        Ok(())
    }
}

impl Default for Work {
    fn default() -> Self {
        Self { ended: channel(), busy: BTreeSet::new(), looks: BTreeMap::new(), forgotten: None }
    }
}

impl Work {
    /// May a job of this repository begin?
    fn takes(&self, name: &str) -> bool {
        self.busy.len() < MOST_AT_ONCE && !self.busy.contains(name)
    }

    /// Until somebody rings, or something is due.
    fn rest(&self, now: Timestamp, postponed: Option<Timestamp>) -> Rest {
        let idle = self.looks.iter().filter(|(name, _)| !self.busy.contains(*name));
        match idle.map(|(_, look)| look.due).chain(postponed).min() {
            Some(due) if self.busy.len() < MOST_AT_ONCE => Rest::Within(until(now, due).min(EVERY)),
            Some(_) | None => Rest::Usual,
        }
    }
}
