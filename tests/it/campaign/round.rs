//! One round: agents in a world of their own, pushes, kills; then quiet, and what is found.

use super::{
    Store,
    agent::Agent,
    aim::Aim,
    ground::{Audience, Ground},
    rows::Rows,
    traces, verdict,
    wiretap::{Trap, Wiretap},
};
use crate::cli::kill::Moments;
use rustix::process::Signal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, task::block_in_place};

/// Agents of a fleet.
const FLEET: usize = 3;
/// Between two looks at what is aimed at.
const LOOK: Duration = Duration::from_millis(2);
/// Whoever does not come to the moment that is aimed at dies then.
const MOST_PATIENCE: Duration = Duration::from_secs(3);
/// Longer than the lease of a fleet in tests (5 s).
const FROZEN: Duration = Duration::from_secs(8);
/// One of so many kills in a fleet is none: the agent is frozen.
const FREEZE_ONE_OF: u64 = 8;
/// One of so many kills comes with another push, if that can be told apart from the one before.
const PUSH_ONE_OF: u64 = 4;
/// One of so many kills comes with a person who stops the run that trains, one of two by force.
const STOP_ONE_OF: u64 = 3;
/// One of so many may die before it listens.
const DIES_EARLY_ONE_OF: u64 = 4;
/// Until everything is said and done, once nobody is killed any more.
const QUIET_WITHIN: Duration = Duration::from_secs(300);

/// A push, and how the agents hear of it.
#[derive(Debug, Clone)]
pub(super) struct Push {
    pub(super) commit: String,
    /// The id of its webhook, if there is one.
    hook: Option<String>,
    /// Has an agent said that it has it, or is it seen in the store?
    is_heard: bool,
}

pub(super) struct Round {
    seed: u64,
    moments: Moments,
    pub(super) store: Store,
    pub(super) ground: Ground,
    pub(super) agents: Vec<Agent>,
    pub(super) rows: Rows,
    pub(super) pushes: Vec<Push>,
    pub(super) audience: Audience,
    /// Runs that a person has stopped.
    pub(super) stopped: BTreeSet<String>,
    kills: BTreeMap<&'static str, usize>,
    freezes: usize,
}

/// What a round came to.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) kills: usize,
    text: String,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Round {
    pub(super) async fn new(seed: u64, store: Store, audience: Audience) -> Self {
        let ground = Ground::new(&store, audience).await;
        let first = ground.push(0);
        let number = if matches!(store, Store::File) { 1 } else { FLEET };
        let state = |number: usize| ground.folder().join(format!("state-{number}"));
        let agents: Vec<Agent> = (0..number).map(|n| Agent::start(&ground, state(n))).collect();
        let rows = Rows::open(&store, &state(0)).await;
        let pushes = vec![Push { commit: first, hook: None, is_heard: false }];
        let (kills, moments) = (BTreeMap::new(), Moments(seed));
        let round = Self {
            seed,
            moments,
            store,
            ground,
            agents,
            rows,
            pushes,
            audience,
            stopped: BTreeSet::new(),
            kills,
            freezes: 0,
        };
        round.know();
        round
    }

    /// Kills so often, lets the agents come to rest, and looks.
    pub(super) async fn fought(mut self, kills: usize) -> Told {
        let began = Instant::now();
        for number in 0..kills {
            self.keep_busy(kills).await;
            self.stop_one().await;
            self.strike(number).await;
        }
        let fought = began.elapsed();
        let trouble = self.comes_to_rest(kills).await;
        let quiet = began.elapsed() - fought;
        let mut wrong = verdict::of(&mut self).await;
        wrong.extend(trouble);
        let text = self.told(fought, quiet).await;
        if !wrong.is_empty() {
            let folder = self.ground.folder();
            let kept = folder.with_extension("kept");
            fs::rename(&folder, &kept).unwrap();
            panic!("{text}\nwrong, and kept in {}:\n  {}", kept.display(), wrong.join("\n  "));
        }
        Told { kills, text }
    }

    async fn told(&mut self, fought: Duration, quiet: Duration) -> String {
        let runs = self.rows.runs().await;
        let is_over = |name: &str| {
            let over = |run: &&super::rows::RunRow| {
                run.outcome.as_ref().is_some_and(|outcome| outcome["outcome"] == name)
            };
            runs.iter().filter(over).count()
        };
        format!(
            "seed {}, {:?}: kills {:?}, {} frozen, {} pushes, {} runs succeeded, {} were superseded and {} stopped; {} s of kills, quiet after {} s",
            self.seed,
            self.audience,
            self.kills,
            self.freezes,
            self.pushes.len(),
            is_over("succeeded"),
            is_over("superseded"),
            is_over("cancelled"),
            fought.as_secs(),
            quiet.as_secs()
        )
    }

    /// Tells the taps who the agents are.
    fn know(&self) {
        let pids: Vec<u32> = self.agents.iter().map(Agent::pid).collect();
        self.ground.at_clouds.agents(pids.clone());
        self.ground.at_github.agents(pids);
    }

    /// Thaws who was frozen for long enough, brings what was not heard, and pushes now and then.
    async fn keep_busy(&mut self, kills: usize) {
        for agent in &mut self.agents {
            if agent.frozen.is_some_and(|until| until <= Instant::now()) {
                agent.signal(Signal::CONT);
                agent.frozen = None;
            }
        }
        self.hear().await;
        // Two pushes of which nobody has heard may be one by the time that somebody looks.
        let can_push = self.pushes.iter().all(|push| push.is_heard);
        let is_idle = self.rows.unrest((&self.store, self.audience)).await.is_none();
        let is_long = kills >= super::ROUND;
        if can_push && (is_idle || is_long && self.moments.next(PUSH_ONE_OF) == 0) {
            let is_polled = self.moments.next(3) == 0;
            self.push(is_polled);
            self.hear().await;
        }
    }

    /// Now and then a person stops the run that trains.
    async fn stop_one(&mut self) {
        if self.moments.next(STOP_ONE_OF) != 0 {
            return;
        }
        let Some(run) = self.rows.training().await else { return };
        let how: &[&str] =
            if self.moments.next(2) == 0 { &["cancel"] } else { &["cancel", "--force"] };
        let words = [how, &[run.as_str()]].concat();
        let mut command = self.ground.command(&self.agents[0].state, &words);
        // It may be over by now.
        if block_in_place(|| command.output()).unwrap().status.success() {
            self.stopped.insert(run);
        }
    }

    fn push(&mut self, is_polled: bool) {
        let number = self.pushes.len();
        let commit = self.ground.push(number);
        let hook = (!is_polled).then(|| format!("hook-{}-{number}", self.seed));
        self.pushes.push(Push { commit, hook, is_heard: false });
    }

    /// Brings what has a webhook, and looks who was found by polling.
    async fn hear(&mut self) {
        for push in self.pushes.iter_mut().filter(|push| !push.is_heard) {
            push.is_heard = match &push.hook {
                Some(id) => self.agents.iter().any(|agent| agent.takes(id, &push.commit)),
                None => self.rows.has_heard_of(&push.commit).await,
            };
        }
    }

    /// Kills one agent at a moment that is drawn, and starts another in its place.
    async fn strike(&mut self, number: usize) {
        let aim = Aim::draw(&mut self.moments);
        let drawn = self.moments.next(FREEZE_ONE_OF) == 0;
        let may_freeze = self.agents.len() > 1 && self.agents.iter().all(|a| a.frozen.is_none());
        let signal = if may_freeze && (drawn || number == 0) { Signal::STOP } else { Signal::KILL };
        let victim = self.hit(aim, signal).await;
        if signal == Signal::STOP {
            self.agents[victim].frozen = Some(Instant::now() + FROZEN);
            self.freezes += 1;
            return;
        }
        *self.kills.entry(aim.name()).or_default() += 1;
        let code = self.agents[victim].ended();
        let talk = || fs::read_to_string(self.agents[victim].state.with_extension("talk"));
        assert_eq!(code, None, "seed {}: an agent ended by itself: {:?}", self.seed, talk());
        let state = self.agents[victim].state.clone();
        self.agents[victim] = Agent::start(&self.ground, state);
        self.know();
    }

    /// Waits for the moment and sends the signal. Answers whom.
    async fn hit(&mut self, aim: Aim, signal: Signal) -> usize {
        let awake: Vec<usize> =
            (0..self.agents.len()).filter(|at| self.agents[*at].frozen.is_none()).collect();
        let victim = awake[self.moments.next(awake.len() as u64)];
        // One that is frozen while it begins may lose its connection and end, for whoever started it to do so again.
        if signal == Signal::STOP || self.moments.next(DIES_EARLY_ONE_OF) > 0 {
            self.until_it_listens(victim).await;
        }
        match aim {
            Aim::Time(wait) => tokio::time::sleep(wait).await,
            Aim::Delivery(wait) => self.delivered(victim, wait).await,
            Aim::Rows(table, more) => {
                let before = self.rows.number(table).await;
                soon(async || self.rows.number(table).await >= before + more).await;
            }
            Aim::Files(wait) => {
                let state = &self.agents[victim].state;
                let before = checked_out(state);
                soon(async || checked_out(state) != before).await;
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Aim::Clouds(point, side, skip) => {
                let (caught, heard) = oneshot::channel();
                self.ground.at_clouds.set(Trap { point, side, skip, signal, caught });
                return self.trapped(&self.ground.at_clouds, heard, (victim, signal)).await;
            }
            Aim::GitHub(point, side, skip) => {
                let (caught, heard) = oneshot::channel();
                self.ground.at_github.set(Trap { point, side, skip, signal, caught });
                return self.trapped(&self.ground.at_github, heard, (victim, signal)).await;
            }
        }
        self.agents[victim].signal(signal);
        victim
    }

    /// Waits until somebody is caught; if nobody is, it is `victim`.
    async fn trapped(
        &self,
        tap: &Wiretap,
        mut heard: oneshot::Receiver<u32>,
        (victim, signal): (usize, Signal),
    ) -> usize {
        let caught = match tokio::time::timeout(MOST_PATIENCE, &mut heard).await {
            Ok(caught) => caught.ok(),
            Err(_) if tap.disarm() => None,
            Err(_) => heard.await.ok(),
        };
        let at = caught.and_then(|pid| self.agents.iter().position(|agent| agent.pid() == pid));
        if at.is_none() {
            self.agents[victim].signal(signal);
        }
        at.unwrap_or(victim)
    }

    async fn until_it_listens(&self, victim: usize) {
        soon(async || self.agents[victim].listens()).await;
    }

    /// Sends a delivery, and waits so many milliseconds, no matter whether it is answered.
    async fn delivered(&mut self, victim: usize, wait: u64) {
        self.until_it_listens(victim).await;
        let agent = &self.agents[victim];
        let last = self.pushes.last_mut().unwrap();
        let id = last.hook.clone().unwrap_or_else(|| format!("late-{}", last.commit));
        // It stays unheard unless it was answered before; whoever comes next is told again.
        drop(agent.is_brought(id, last.commit.clone()));
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }

    /// As long as it takes, with one more push that nobody disturbs: in a long round, or where lines of a run that died
    /// at its very end wait for the next. Answers what never came to rest.
    async fn comes_to_rest(&mut self, kills: usize) -> Vec<String> {
        let until = Instant::now() + QUIET_WITHIN;
        let mut was_pushed = false;
        loop {
            if Instant::now() > until {
                let unrest = self.rows.unrest((&self.store, self.audience)).await;
                let mut trouble = self.end();
                trouble.push(format!("no rest within {QUIET_WITHIN:?}: {unrest:?}"));
                return trouble;
            }
            for agent in &mut self.agents {
                if agent.frozen.is_some_and(|until| until <= Instant::now()) {
                    agent.signal(Signal::CONT);
                    agent.frozen = None;
                }
            }
            self.hear().await;
            let is_heard = self.pushes.iter().all(|push| push.is_heard);
            let unrest = self.rows.unrest((&self.store, self.audience)).await;
            let needs_push = kills >= super::ROUND
                || self.rows.runs().await.last().is_some_and(|run| self.stopped.contains(&run.id))
                || unrest.as_ref().is_some_and(|what| what.ends_with(super::rows::UNSENT));
            if is_heard && needs_push && !was_pushed {
                self.push(false);
                was_pushed = true;
            } else if is_heard && unrest.is_none() && self.is_tidy() {
                return self.end();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Does everybody listen, is nobody frozen, and no checkout left? One that has just been started does not know yet what
    /// a signal means.
    fn is_tidy(&self) -> bool {
        let is_tidy = |agent: &Agent| {
            agent.listens() && traces::left_in(&agent.state.join("work"), true).is_empty()
        };
        self.agents.iter().all(is_tidy)
    }

    /// Ends every agent gently.
    fn end(&mut self) -> Vec<String> {
        let mut wrong = Vec::new();
        for agent in &mut self.agents {
            if let Some(code) = agent.has_ended() {
                wrong.push(format!("an agent ended by itself with {code}"));
            }
            agent.signal(Signal::TERM);
        }
        for agent in &mut self.agents {
            let code = agent.ended();
            if code != Some(0) {
                wrong.push(format!("an agent that was told to end ended with {code:?}"));
            }
        }
        wrong
    }
}

/// Looks until `is_so`, for a while at most: what happens in another process tells nobody.
async fn soon(mut is_so: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + MOST_PATIENCE;
    while !is_so().await && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
}

/// How many files there are in mirrors and checkouts, and how long the mirrors' are.
fn checked_out(state: &Path) -> (usize, u64) {
    fn add(folder: &Path, sum: &mut (usize, u64)) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                add(&entry.path(), sum);
            } else {
                sum.0 += 1;
                sum.1 += entry.metadata().map_or(0, |there| there.len());
            }
        }
    }
    let mut sum = (0, 0);
    for name in ["mirrors", "work"] {
        add(&state.join(name), &mut sum);
    }
    sum
}
