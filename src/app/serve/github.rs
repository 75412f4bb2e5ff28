//! The task that asks GitHub: where branches point to, rarely while webhooks arrive; and, at the start and each hour,
//! what it could not deliver.

use super::{Ends, Pass, Rest, Task, Tools};
use crate::{
    clock::{later, until},
    github::{Class, Client},
    hearing::{AskError, Hearing, Recovered, Repository, pace, patience},
    store::{StoreError, Via},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{runtime::Handle, sync::Mutex};

/// Time between two looks at what is due.
const EVERY: Duration = Duration::from_secs(30);
/// Time between two questions for what could not be delivered.
const RECOVER_EVERY: Duration = Duration::from_hours(1);
/// GitHub keeps deliveries for three days.
const KEPT_BY_GITHUB: SignedDuration = SignedDuration::from_hours(72);
/// Where webhooks arrive, below the public address.
const HOOK_PATH: &str = "hooks/github";

/// Asking GitHub about each repository that is there.
pub(super) fn tasks(tools: &Tools, github: Option<Arc<Client>>) -> Vec<Task> {
    let Some(github) = github else { return Vec::new() };
    let hearing = Hearing {
        store: tools.app.store.clone(),
        clock: tools.app.clock.clone(),
        mirrors: tools.app.mirrors(),
        credentials: tools.credentials.clone(),
        github: Some(Arc::clone(&github)),
        projects: tools.projects.clone(),
        masker: tools.masker.clone(),
        made: tools.bells.runs.clone(),
    };
    let questions = Questions { tools: tools.clone(), github, hearing, due: Mutex::default() };
    vec![Task {
        name: "github".to_owned(),
        bell: Arc::default(),
        every: EVERY,
        ends: Ends::AtOnce,
        pass: Box::new(questions),
    }]
}

struct Questions {
    tools: Tools,
    github: Arc<Client>,
    hearing: Hearing,
    due: Mutex<Due>,
}

#[derive(Default)]
struct Due {
    looks: BTreeMap<String, Timestamp>,
    /// Questions in a row about a repository that were not answered.
    failures: BTreeMap<String, u32>,
    recover: Timestamp,
    recovered: Option<Timestamp>,
    trouble: Option<String>,
}

impl Pass for Questions {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.ask_all())
    }
}

impl Questions {
    async fn ask_all(&self) -> anyhow::Result<Rest> {
        let mut due = self.due.lock().await;
        let asked = self.ask_due(&mut due).await;
        let now = self.tools.app.clock.now();
        let trouble = match asked {
            Ok(_) => {
                due.trouble = None;
                return Ok(Rest::Usual);
            }
            Err(AskError::Store(error)) => return Err(error).context("ask GitHub"),
            Err(trouble) => trouble,
        };
        let told = trouble.to_string();
        if due.trouble.as_ref() != Some(&told) {
            (self.tools.say)(&told);
            due.trouble = Some(told);
        }
        let class = match trouble {
            AskError::Github(error) | AskError::Missed { error, .. } => Some(error.class),
            AskError::Rules(_) | AskError::Store(_) => None,
        };
        let free = if let Some(Class::RateLimited { until: end }) = class { end } else { now };
        Ok(Rest::Within(until(now, free).max(EVERY)))
    }

    async fn ask_due(&self, due: &mut Due) -> Result<usize, AskError> {
        let (mut found, mut trouble) = (0, None);
        for repository in self.tools.settings.repositories.iter().filter(|r| r.github.is_some()) {
            let (name, now) = (repository.name.to_string(), self.tools.app.clock.now());
            if due.looks.get(&name).is_some_and(|due| *due > now) {
                continue;
            }
            // Put off first: one that cannot be asked keeps no other waiting.
            due.looks.insert(name.clone(), later(now, repository.poll));
            let new = match self.ask(repository).await {
                Ok(new) => new,
                Err(AskError::Store(error)) => return Err(error.into()),
                Err(refusal) => {
                    let failures = due.failures.entry(name.clone()).or_default();
                    *failures = failures.saturating_add(1);
                    let wait = patience(repository.poll, *failures);
                    let wait = wait.mul_f64(1.0 - 0.3 * (self.tools.chance)());
                    due.looks.insert(name, later(now, wait));
                    trouble = trouble.or(Some(refusal));
                    continue;
                }
            };
            due.failures.remove(&name);
            let webhook = self.tools.app.store.last_delivery(&name, Via::Webhook).await?;
            let wait = pace(repository.poll, now, webhook, new);
            // Spread, so that many agents do not ask at the same moment.
            let wait = wait.mul_f64(1.0 - 0.1 * (self.tools.chance)());
            due.looks.insert(name, later(now, wait));
            found += new;
        }
        let now = self.tools.app.clock.now();
        if due.recover <= now {
            due.recover = later(now, RECOVER_EVERY);
            let recovered = self.recover(due.recovered, now).await?;
            found += recovered.found;
            match recovered.trouble {
                None => due.recovered = Some(now),
                // What is missing is asked for again the next time, with all that came since.
                Some(missing) => trouble = trouble.or(Some(missing)),
            }
        }
        if found > 0 {
            self.tools.bells.deliveries.notify_one();
        }
        trouble.map_or(Ok(found), Err)
    }

    /// On a thread of its own, since git blocks.
    async fn ask(&self, repository: &Repository) -> Result<usize, AskError> {
        let (hearing, github) = (self.hearing.clone(), Arc::clone(&self.github));
        let (repository, here) = (repository.clone(), Handle::current());
        let asking = move || here.block_on(hearing.ask(&github, &repository));
        let asked = tokio::task::spawn_blocking(asking).await;
        asked.unwrap_or_else(|broken| Err(AskError::Rules(format!("asking broke: {broken}"))))
    }

    async fn recover(
        &self,
        last: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Recovered, StoreError> {
        let settings = &self.tools.settings;
        let kept = now.saturating_sub(KEPT_BY_GITHUB).unwrap_or(Timestamp::MIN);
        // An hour twice, for what was under way at the time.
        let overlap = |last: Timestamp| last.saturating_sub(SignedDuration::from_hours(1));
        let since = last.and_then(|last| overlap(last).ok()).unwrap_or(kept);
        let address = settings.public_url.as_ref().and_then(|url| url.join(HOOK_PATH).ok());
        // An App knows where it is told; the webhook of a repository is known by where it leads.
        if settings.webhooks.is_empty() || (address.is_none() && !self.github.is_app()) {
            return Ok(Recovered::default());
        }
        let address = address.as_ref().map_or("", |address| address.as_str());
        self.hearing.recover(&self.github, address, (&settings.repositories, since)).await
    }
}
