//! The task that gives waiting runs to this agent, as many at once as it may drive and the machine has room for.
//!
//! Each pass looks at the whole line and decides from it alone: what is remembered is which runs this process drives, and
//! what it has said, stored or compared before and need not again. So the first pass after a start goes on with what an
//! agent left, and one that is told to end begins nothing more.

use super::{Ends, Pass, Phase, Rest, Task, Tools, driving::driven, room, windows::Held};
use crate::{
    dispatch,
    flow::Outcome,
    ids::RunId,
    queue::{Reason, Room},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{runtime::Handle, sync::Mutex, task::JoinSet};

/// Time between two looks at the line; a bell comes first for what this process hears of, and what people say elsewhere
/// is in the store only.
const EVERY: Duration = Duration::from_secs(2);

/// Driving runs.
pub(super) fn tasks(tools: &Tools) -> Vec<Task> {
    vec![Task {
        name: "dispatch".to_owned(),
        bell: tools.bells.runs.clone(),
        every: EVERY,
        ends: Ends::WhenDone,
        pass: Box::new(Dispatch { tools: tools.clone(), under_way: Mutex::default() }),
    }]
}

struct Dispatch {
    tools: Tools,
    under_way: Mutex<UnderWay>,
}

#[derive(Default)]
struct UnderWay {
    driven: JoinSet<RunId>,
    ours: BTreeSet<RunId>,
    /// Why runs waited at the last look, as far as that was told.
    told: BTreeMap<RunId, Reason>,
    /// Why this agent takes none, as the store knows it.
    obstacle: Option<Reason>,
    /// What their deploy windows were held against.
    held: Held,
}

impl Pass for Dispatch {
    fn pass(&self) -> BoxFuture<'_, anyhow::Result<Rest>> {
        Box::pin(self.look())
    }
}

impl Dispatch {
    async fn look(&self) -> anyhow::Result<Rest> {
        let mut under_way = self.under_way.lock().await;
        while let Some(ended) = under_way.driven.try_join_next() {
            let ended = ended.context("a run's task was lost")?;
            under_way.ours.remove(&ended);
        }
        if self.tools.phases.now() > Phase::Serving {
            let is_over = under_way.driven.is_empty();
            return Ok(if is_over { Rest::Over } else { Rest::Usual });
        }
        let UnderWay { told, held, .. } = &mut *under_way;
        // Only runs that waited at the last look: one that was just made has the windows of the present tip.
        held.against_tips(&self.tools, told).await?;
        let room = self.room(under_way.driven.len());
        let (now, labels) = (self.tools.app.clock.now(), &self.tools.settings.labels);
        let looked =
            dispatch::pass(&self.tools.app.store, now, room, &under_way.ours, labels).await;
        let looked = looked.context("look at the waiting runs")?;
        for (run, by) in &looked.superseded {
            (self.tools.say)(&format!("run {} is superseded by {}", run.short(), by.short()));
            self.tools.bells.tellings.notify_one();
        }
        let superseded = looked.superseded.iter().map(|(run, _)| run);
        let accounted_for = superseded.chain(looked.start.iter().map(|run| &run.id)).collect();
        self.tell_ends(&under_way.told, &looked.waiting, &accounted_for).await?;
        self.tell_obstacle(&mut under_way.obstacle, &looked.waiting).await;
        self.tell(&mut under_way.told, looked.waiting);
        for run in looked.start {
            under_way.ours.insert(run.id.clone());
            let (tools, here) = (self.tools.clone(), Handle::current());
            // On a thread of its own: what a run computes must not keep a webhook waiting.
            under_way.driven.spawn_blocking(move || here.block_on(driven(tools, run)));
        }
        Ok(Rest::Usual)
    }

    /// Keeps for people elsewhere why this agent takes no run, where it lies with the agent.
    async fn tell_obstacle(&self, known: &mut Option<Reason>, waiting: &[(RunId, Reason)]) {
        let mut reasons = waiting.iter().map(|(_, why)| why);
        let obstacle = reasons.find(|why| why.is_of_the_agent()).cloned();
        // A disk that is full may take not even that; the next look tries again.
        if *known != obstacle && self.tools.app.store.note_obstacle(obstacle.as_ref()).await.is_ok()
        {
            *known = obstacle;
        }
    }

    /// Tells how runs ended that waited at the last look and that no agent drove since: by the time that ran out, or by
    /// what somebody said elsewhere.
    async fn tell_ends(
        &self,
        before: &BTreeMap<RunId, Reason>,
        waiting: &[(RunId, Reason)],
        accounted_for: &BTreeSet<&RunId>,
    ) -> anyhow::Result<()> {
        let still: BTreeSet<&RunId> = waiting.iter().map(|(run, _)| run).collect();
        let gone = |run: &&RunId| !still.contains(run) && !accounted_for.contains(run);
        for run in before.keys().filter(gone) {
            let run = self.tools.app.store.run(run).await.context("read a run that waited")?;
            let Some(outcome) = &run.outcome else { continue };
            let is_told = match outcome {
                Outcome::Rejected
                | Outcome::Expired
                | Outcome::Cancelled
                | Outcome::Unfit { .. } => false,
                // Whoever drove it or put another in its place has said so.
                Outcome::Succeeded
                | Outcome::GateRefused
                | Outcome::Failed { .. }
                | Outcome::Superseded { .. } => true,
            };
            if !is_told {
                let (id, environment) = (run.id.short(), &run.environment);
                (self.tools.say)(&format!("run {id} into {environment}: {outcome}"));
                self.tools.bells.tellings.notify_one();
            }
        }
        Ok(())
    }

    fn room(&self, driven: usize) -> Room {
        let most = usize::try_from(self.tools.settings.runs_at_once.get()).unwrap_or(usize::MAX);
        let slots = most.saturating_sub(driven);
        Room { slots, shortage: room::shortage(&self.tools.app.state) }
    }

    /// Tells why each run waits, once a reason. That others come first is the usual one, and is not told.
    fn tell(&self, told: &mut BTreeMap<RunId, Reason>, waiting: Vec<(RunId, Reason)>) {
        let waiting: BTreeMap<RunId, Reason> = waiting.into_iter().collect();
        for (run, why) in &waiting {
            let is_usual = matches!(why, Reason::Run { .. } | Reason::Slot | Reason::Elsewhere);
            if !is_usual && told.get(run) != Some(why) {
                (self.tools.say)(&format!("run {} waits: {why}", run.short()));
            }
        }
        *told = waiting;
    }
}
