//! The task that tells others about runs.

mod topics;

use super::{Ends, Pass, Phase, Rest, Task, Tools};
use crate::{
    clock::until,
    git, github,
    hearing::Repository,
    report::{Alarm, Manner, Stages},
    telling::{Addressee, Asked, Teller, Told, Topics, Turn, Webhook},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Mutex;

/// Time between two looks at what is to be told.
const EVERY: Duration = Duration::from_secs(2);

/// Sending what is in the outbox; nothing if nobody is to be told.
pub(super) fn tasks(
    tools: &Tools,
    github: Option<Arc<github::Client>>,
    webhook: Option<Arc<Webhook>>,
) -> Vec<Task> {
    let settings = &tools.settings;
    let mut alarms: Vec<Alarm> = Vec::new();
    alarms.extend(settings.alerts.topic.then_some(Alarm::Topic));
    alarms.extend(webhook.as_ref().map(|_| Alarm::Webhook));
    if github.is_none() && alarms.is_empty() {
        return Vec::new();
    }
    let is_app = github.as_ref().is_some_and(|github| github.is_app());
    let addressee = |repository: &Repository| {
        let stages = match (&github, &repository.github) {
            (Some(_), Some(_)) if is_app => Stages::Checks,
            (Some(_), Some(_)) => Stages::Statuses,
            (None, _) | (_, None) => Stages::Hidden,
        };
        let alarms = alarms.iter().copied().collect();
        let manner = Manner { stages, web: settings.public_url.clone(), alarms };
        let addressee = Addressee { github: repository.github.clone(), manner };
        (name_in_runs(repository, tools), addressee)
    };
    let addressees: BTreeMap<_, _> = settings.repositories.iter().map(addressee).collect();
    let topics = topics::RunTopics { tools: tools.clone() };
    let teller = Teller {
        store: tools.app.store.clone(),
        clock: tools.app.clock.clone(),
        masker: tools.masker.clone(),
        addressees,
        github,
        topics: settings.alerts.topic.then(|| Arc::new(topics) as Arc<dyn Topics>),
        webhook,
    };
    vec![Task {
        name: "telling".to_owned(),
        bell: tools.bells.tellings.clone(),
        every: EVERY,
        ends: Ends::Last,
        pass: Box::new(Telling { tools: tools.clone(), teller, turn: Mutex::default() }),
    }]
}

/// What runs call a repository.
fn name_in_runs(repository: &Repository, tools: &Tools) -> String {
    if git::is_url(&repository.source) {
        return repository.source.clone();
    }
    tools
        .open(&repository.source)
        .map_or_else(|_| repository.source.clone(), |opened| opened.name())
}

struct Telling {
    tools: Tools,
    teller: Teller,
    turn: Mutex<Turn>,
}

impl Pass for Telling {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.tell())
    }
}

impl Telling {
    async fn tell(&self) -> anyhow::Result<Rest> {
        let mut turn = self.turn.lock().await;
        let is_last = self.tools.phases.now() >= Phase::Ending;
        if is_last {
            turn.is_last();
        }
        let asked = self.teller.in_turn(&mut turn).await.context("tell others about runs")?;
        let told = match asked {
            Asked::Told(told) => told,
            Asked::Later(wait) => return Ok(Rest::Within(wait)),
        };
        for trouble in told.troubles.iter().filter(|trouble| trouble.again.is_none()) {
            (self.tools.say)(&format!("{} was not heard: {}", trouble.what, trouble.problem));
        }
        if is_last {
            self.teller.end_turn(&mut turn).await.context("give the outbox back")?;
        }
        Ok(self.rest(&told))
    }

    /// What is due is said at once; what is put off until then, or until something happens.
    fn rest(&self, told: &Told) -> Rest {
        let wait = told.next.map(|next| until(self.tools.app.clock.now(), next));
        match wait {
            Some(wait) if wait.is_zero() => Rest::None,
            Some(wait) => Rest::Within(wait.min(EVERY)),
            None => Rest::Usual,
        }
    }
}
