//! The table of leases against a model of it: whatever agents do in whatever order, both say the same.

use super::*;
use proptest::prelude::*;
use relevo::clock::SimulatedClock;

const AGENTS: usize = 3;
const RUNS: usize = 2;
/// Sequences of acts that are tried on a file, each with a store of its own …
const CASES: u32 = 48;
/// … and on a server, where each act takes longer.
const CASES_ON_POSTGRES: u32 = 8;

#[derive(Debug, Clone, Copy)]
enum Act {
    Acquire(usize, usize),
    Renew(usize, usize),
    RenewAll(usize),
    Release(usize, usize),
    /// Writes an event with the newest lease of its own that the agent knows, lost or not.
    Append(usize, usize),
    Queue(usize, usize),
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let of = || (0..AGENTS, 0..RUNS);
    prop_oneof![
        4 => of().prop_map(|(agent, run)| Act::Acquire(agent, run)),
        2 => of().prop_map(|(agent, run)| Act::Renew(agent, run)),
        1 => (0..AGENTS).prop_map(Act::RenewAll),
        1 => of().prop_map(|(agent, run)| Act::Release(agent, run)),
        3 => of().prop_map(|(agent, run)| Act::Append(agent, run)),
        2 => of().prop_map(|(agent, run)| Act::Queue(agent, run)),
        3 => (1..=90_u64).prop_map(Act::Pass),
    ]
}

/// One run as it should be.
#[derive(Debug, Clone, Copy, Default)]
struct Model {
    /// How often it was leased: each time gives the right to one agent and takes it from all others.
    fence: u64,
    /// Who has it, until when.
    held: Option<(usize, u64)>,
    events: u64,
}

/// What each agent remembers of each run: its last lease, and the fence that the model gave it.
type Remembered = [[Option<(Lease, u64)>; RUNS]; AGENTS];

struct Bench {
    clock: SimulatedClock,
    agents: Vec<Store>,
    runs: Vec<RunRecord>,
    models: [Model; RUNS],
    remembered: Remembered,
    now: u64,
}

impl Bench {
    async fn new(memory: &Memory) -> Self {
        let agents = ["a", "b", "c"].map(|machine| memory.elsewhere(machine)).to_vec();
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(memory.run().await);
        }
        let models = [Model { events: 1, ..Model::default() }; RUNS];
        let remembered = Remembered::default();
        Self { clock: memory.clock.clone(), agents, runs, models, remembered, now: 0 }
    }

    async fn perform(&mut self, act: Act) {
        let until = self.now + LEASE_DURATION.as_secs();
        match act {
            Act::Pass(seconds) => {
                self.now += seconds;
                self.clock.advance(Duration::from_secs(seconds));
            }
            Act::Acquire(agent, run) => {
                let model = &mut self.models[run];
                let is_free = model.held.is_none_or(|(_, until)| until <= self.now);
                match self.agents[agent].acquire(&self.runs[run].id).await {
                    Ok(lease) => {
                        assert!(is_free, "{act:?}: taken from {model:?}");
                        *model =
                            Model { fence: model.fence + 1, held: Some((agent, until)), ..*model };
                        self.remembered[agent][run] = Some((lease, model.fence));
                    }
                    Err(StoreError::LeaseHeld { .. }) => assert!(!is_free, "{act:?}: {model:?}"),
                    Err(error) => panic!("{act:?}: {error}"),
                }
            }
            Act::Renew(agent, run) => {
                let Some((lease, fence)) = self.remembered[agent][run].clone() else { return };
                let renewed = self.agents[agent].renew(&lease).await;
                self.check(act, run, fence, renewed.as_ref().copied());
                // One that was given back and renewed again belongs to nobody.
                if let Some((_, held)) = &mut self.models[run].held {
                    *held = if renewed.is_ok() { until } else { *held };
                }
            }
            Act::RenewAll(agent) => {
                self.agents[agent].renew_all().await.unwrap();
                for run in 0..RUNS {
                    let remembered = self.remembered[agent][run].as_ref();
                    let has = remembered.is_some_and(|(_, fence)| *fence == self.models[run].fence);
                    if let (true, Some((_, held))) = (has, &mut self.models[run].held) {
                        *held = until;
                    }
                }
            }
            Act::Release(agent, run) => {
                let Some((lease, fence)) = self.remembered[agent][run].clone() else { return };
                self.agents[agent].release(&lease).await.unwrap();
                if fence == self.models[run].fence {
                    self.models[run].held = None;
                }
            }
            Act::Append(agent, run) => {
                let Some((lease, fence)) = self.remembered[agent][run].clone() else { return };
                let known = self.models[run].events;
                let appended = self.agents[agent].append(&lease, known, &[started()]).await;
                self.check(act, run, fence, appended.as_ref().map(|_| ()));
                self.models[run].events += u64::from(appended.is_ok());
            }
            Act::Queue(agent, run) => {
                let Some((lease, fence)) = self.remembered[agent][run].clone() else { return };
                let place = self.agents[agent].queue_for(&lease, claim(&lane())).await;
                self.check(act, run, fence, place.as_ref().map(|_| ()));
                if let Ok(Place::Behind(other)) = place {
                    let other = self.runs.iter().position(|run| run.id == other).unwrap();
                    let held = self.models[other].held;
                    assert!(held.is_some_and(|(_, until)| until > self.now), "{act:?}: {held:?}");
                }
            }
        }
    }

    /// A write succeeds if and only if nobody was given the run since.
    fn check(&self, act: Act, run: usize, fence: u64, written: Result<(), &StoreError>) {
        match written {
            Ok(()) => assert_eq!(fence, self.models[run].fence, "{act:?} by one that had lost it"),
            Err(StoreError::LeaseLost(_)) => {
                assert_ne!(fence, self.models[run].fence, "{act:?} refused to its holder");
            }
            Err(error) => panic!("{act:?}: {error}"),
        }
    }

    async fn is_whole(&self) {
        for (run, model) in self.runs.iter().zip(&self.models) {
            let events = self.agents[0].events(&run.id).await.unwrap();
            let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
            assert_eq!(seqs, (1..=model.events).collect::<Vec<_>>());
        }
        let offered = self.agents[0].claimable_runs(&Default::default()).await.unwrap();
        for (run, model) in self.runs.iter().zip(&self.models) {
            let is_held = model.held.is_some_and(|(_, until)| until > self.now);
            assert_eq!(offered.contains(&run.id), !is_held, "{model:?}");
        }
    }
}

fn agrees(cases: u32, memory: impl AsyncFn() -> Option<Memory>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, ..Default::default() };
    let acts = proptest::collection::vec(act(), 1..40);
    let outcome = proptest::test_runner::TestRunner::new(config).run(&acts, |acts| {
        runtime.block_on(async {
            let Some(memory) = memory().await else { return };
            let mut bench = Bench::new(&memory).await;
            for act in acts {
                bench.perform(act).await;
            }
            bench.is_whole().await;
            memory.store.close().await;
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn leases_on_sqlite_are_as_the_model_says() {
    agrees(CASES, async || Some(Memory::sqlite().await));
}

#[test]
fn leases_on_postgres_are_as_the_model_says() {
    agrees(CASES_ON_POSTGRES, Memory::postgres);
}
