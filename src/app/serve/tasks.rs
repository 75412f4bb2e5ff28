//! Keeping tasks going: pass after pass, through errors and panics, until the agent ends.

use super::{Phase, Phases, Say, Signals, Tools, systemd::Systemd};
use anyhow::{Context as _, anyhow, bail};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};

/// Panics of one task in a row before the agent ends, so that whoever started it begins anew.
const MOST_PANICS: u32 = 5;
/// Pause after the first failure; doubled with each further one …
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How much of a wait is left to chance, so that agents do not look in step.
const JITTER: f64 = 0.1;
/// What tasks may take to end once nothing is left to do.
const LAST_PASSES: Duration = Duration::from_secs(20);

/// One idempotent pass.
pub trait Pass: Send + Sync {
    /// Looks at what is to be done and does it. May be dropped, repeated and killed anywhere.
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>>;
}

/// When the next pass is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// At once: there was more than one pass takes.
    None,
    /// When the bell rings, or after the task's usual time.
    Usual,
    /// When the bell rings, or after this time.
    Within(Duration),
    /// Never: the task has done all there was.
    Over,
}

/// When a task ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// With the first signal: it only brings new work.
    AtOnce,
    /// When it says [`Rest::Over`] after the first signal: it has work under way.
    WhenDone,
    /// After all the others.
    Last,
}

impl Ends {
    fn phase(self) -> Phase {
        match self {
            Self::AtOnce => Phase::Draining,
            Self::WhenDone | Self::Last => Phase::Ending,
        }
    }
}

/// A pass that is made over and over.
pub struct Task {
    /// What people call it.
    pub name: String,
    /// Wakes it sooner.
    pub bell: Arc<Notify>,
    /// The usual time between two passes.
    pub every: Duration,
    /// When it makes no further pass.
    pub ends: Ends,
    /// What it does.
    pub pass: Box<dyn Pass>,
}

/// Keeps all tasks and the web face going until the signals have brought the end.
pub(super) async fn keep_all(
    tasks: Vec<Task>,
    tools: &Tools,
    (phase, signals): (watch::Sender<Phase>, Signals),
    web: BoxFuture<'static, anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let (mut working, mut last) = (JoinSet::new(), JoinSet::new());
    for task in tasks {
        let set = match task.ends {
            Ends::AtOnce | Ends::WhenDone => &mut working,
            Ends::Last => &mut last,
        };
        set.spawn(keep(task, tools.clone()));
    }
    last.spawn(web);
    let systemd = Systemd::of(&*tools.variable);
    let hung_up = || read_again(tools);
    let served = tokio::select! {
        ended = all(&mut working) => ended,
        Some(ended) = last.join_next() => ended.context("a task ended early").and_then(|ended| ended)
            .and_then(|()| Err(anyhow!("a task ended early"))),
        () = signals.move_on(&phase, &hung_up, &tools.say) => Ok(()),
        never = systemd.keep_told(tools) => match never {},
    };
    phase.send_replace(Phase::Ending);
    let rest = crate::clock::timeout(&*tools.app.clock, LAST_PASSES, all(&mut last)).await;
    served.and(rest.unwrap_or(Ok(())))
}

/// What a SIGHUP leads to: secrets are read anew and taken, the settings are read anew and judged.
fn read_again(tools: &Tools) {
    tools.bells.secrets.notify_one();
    if let Some(told) = tools.settings.look_again(&tools.app.clock, &*tools.variable) {
        (tools.say)(&told);
    }
}

async fn all(set: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = set.join_next().await {
        ended.context("a task was lost")??;
    }
    Ok(())
}

async fn keep(task: Task, tools: Tools) -> anyhow::Result<()> {
    let mut past = Past::default();
    tools.pulse.beat(&task.name, Duration::ZERO);
    while tools.phases.now() < task.ends.phase() {
        let passed = AssertUnwindSafe(async { task.pass.pass().await }).catch_unwind().await;
        let rest = past.next(passed.ok(), &task.name, &tools.say)?;
        let pause = match rest {
            Rest::None => Duration::ZERO,
            Rest::Usual => task.every,
            Rest::Within(time) => time,
            Rest::Over => break,
        };
        tools.pulse.beat(&task.name, pause);
        if rest != Rest::None {
            wait(&task, &tools, pause).await;
        }
    }
    if task.ends == Ends::Last {
        // What happened since the pass before it is said now or by the next agent.
        task.pass.pass().await?;
    }
    tools.pulse.end(&task.name);
    Ok(())
}

/// How the passes of a task went of late.
#[derive(Debug, Default)]
struct Past {
    failures: u32,
    panics: u32,
    told: Option<String>,
}

impl Past {
    /// What follows from a pass, which is nothing if it panicked. The same trouble is told once.
    fn next(
        &mut self,
        passed: Option<anyhow::Result<Rest>>,
        name: &str,
        say: &Say,
    ) -> anyhow::Result<Rest> {
        let error = match passed {
            Some(Ok(rest)) => {
                *self = Self::default();
                return Ok(rest);
            }
            Some(Err(error)) => error,
            None => {
                self.panics += 1;
                if self.panics >= MOST_PANICS {
                    bail!("{name} broke {MOST_PANICS} times in a row");
                }
                say(&format!("{name} broke and begins anew"));
                return Ok(Rest::Within(pause_after(self.panics)));
            }
        };
        self.failures += 1;
        let trouble = format!("{error:#}");
        if self.told.as_ref() != Some(&trouble) {
            say(&format!("{name}: {trouble}; trying again"));
            self.told = Some(trouble);
        }
        Ok(Rest::Within(pause_after(self.failures)))
    }
}

async fn wait(task: &Task, tools: &Tools, time: Duration) {
    let time = time.mul_f64(1.0 - JITTER * (tools.chance)());
    let phases: &Phases = &tools.phases;
    tokio::select! {
        () = task.bell.notified() => {}
        () = tools.app.clock.sleep(time) => {}
        () = phases.reached(task.ends.phase()) => {}
    }
}

fn pause_after(failures: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn trouble_is_told_once_and_waited_for_longer_each_time() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let say: Say = Arc::new(move |text| hears.lock().unwrap().push(text.to_owned()));
        let mut past = Past::default();
        let mut failed =
            |text: &'static str| past.next(Some(Err(anyhow!(text))), "task", &say).unwrap();
        assert_eq!(failed("no disk"), Rest::Within(FIRST_PAUSE));
        assert_eq!(failed("no disk"), Rest::Within(2 * FIRST_PAUSE));
        assert_eq!(failed("no net"), Rest::Within(4 * FIRST_PAUSE));
        for _ in 0..100 {
            failed("no net");
        }
        assert_eq!(failed("no net"), Rest::Within(LONGEST_PAUSE));
        assert_eq!(
            *heard.lock().unwrap(),
            ["task: no disk; trying again", "task: no net; trying again"]
        );
        assert_eq!(past.next(Some(Ok(Rest::Usual)), "task", &say).unwrap(), Rest::Usual);
        assert_eq!((past.failures, &past.told), (0, &None), "one good pass and all is forgotten");
    }

    #[test]
    fn a_task_that_breaks_again_and_again_is_given_up() {
        let say: Say = Arc::new(|_| {});
        let mut past = Past::default();
        for _ in 1..MOST_PANICS {
            assert!(past.next(None, "task", &say).is_ok());
        }
        let gave_up = past.next(None, "task", &say).unwrap_err().to_string();
        assert_eq!(gave_up, "task broke 5 times in a row");
    }
}
