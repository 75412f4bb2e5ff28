//! Keeping tasks going: pass after pass, through errors and panics, until the agent ends.

use super::{Phase, Phases, Signals, Tools};
use anyhow::{Context as _, anyhow};
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
    let served = tokio::select! {
        ended = all(&mut working) => ended,
        Some(ended) = last.join_next() => ended.context("a task ended early").and_then(|ended| ended)
            .and_then(|()| Err(anyhow!("a task ended early"))),
        () = signals.move_on(&phase, &tools.say) => Ok(()),
    };
    phase.send_replace(Phase::Ending);
    let rest = crate::clock::timeout(&*tools.app.clock, LAST_PASSES, all(&mut last)).await;
    served.and(rest.unwrap_or(Ok(())))
}

async fn all(set: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(ended) = set.join_next().await {
        ended.context("a task was lost")??;
    }
    Ok(())
}

async fn keep(task: Task, tools: Tools) -> anyhow::Result<()> {
    let (mut failures, mut panics) = (0_u32, 0_u32);
    let mut told = None;
    while tools.phases.now() < task.ends.phase() {
        let rest = match AssertUnwindSafe(task.pass.pass()).catch_unwind().await {
            Ok(Ok(rest)) => {
                (failures, panics, told) = (0, 0, None);
                rest
            }
            Ok(Err(error)) => {
                failures += 1;
                let trouble = format!("{error:#}");
                if told.as_ref() != Some(&trouble) {
                    (tools.say)(&format!("{}: {trouble}; trying again", task.name));
                    told = Some(trouble);
                }
                Rest::Within(pause_after(failures))
            }
            Err(_) => {
                panics += 1;
                if panics >= MOST_PANICS {
                    return Err(anyhow!("{} broke {panics} times in a row", task.name));
                }
                (tools.say)(&format!("{} broke and begins anew", task.name));
                Rest::Within(pause_after(panics))
            }
        };
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
