//! Which agents there are for the open runs, and whose turn it is.
//!
//! Only a fleet has this question: on one machine whoever looks takes every run, in the order they came.

use crate::{
    ids::{Label, RunId},
    queue::{Reason, Takers},
    store::{Presence, Store, StoreError},
};
use std::collections::{BTreeMap, BTreeSet};

/// The agents that take runs, as whoever looks at the line sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Crew {
    /// One machine.
    Alone {
        /// Those for whom it is decided, as far as that is not the agent that looks.
        ours: Vec<Member>,
    },
    /// A fleet.
    Fleet {
        /// Those for whom it is decided: one agent, or all of them if a person looks.
        ours: Vec<Member>,
        /// The others.
        others: Vec<Member>,
        /// The turns of the runs that one of ours could take.
        turns: BTreeMap<RunId, usize>,
    },
}

/// An agent that begins runs now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// What it is or has.
    labels: BTreeSet<Label>,
    /// Why it takes none at the moment, if it has said so.
    obstacle: Option<Reason>,
}

impl Crew {
    /// As the agent with these labels sees it.
    pub(super) async fn of_agent(
        store: &Store,
        labels: &BTreeSet<Label>,
    ) -> Result<Self, StoreError> {
        if !store.is_of_a_fleet() {
            return Ok(Self::Alone { ours: Vec::new() });
        }
        let turns = store.claimable_runs(labels).await?.into_iter();
        let turns = turns.enumerate().map(|(turn, run)| (run, turn)).collect();
        let ours = vec![Member { labels: labels.clone(), obstacle: None }];
        Ok(Self::Fleet { ours, others: working(store).await?, turns })
    }

    /// As a person sees it.
    pub(super) async fn of_all(store: &Store) -> Result<Self, StoreError> {
        let ours = working(store).await?;
        if !store.is_of_a_fleet() {
            return Ok(Self::Alone { ours });
        }
        Ok(Self::Fleet { ours, others: Vec::new(), turns: BTreeMap::new() })
    }

    /// Who may take a run that asks for these labels. One that asks for none is for everybody who comes.
    pub(super) fn takers(&self, labels: &BTreeSet<Label>) -> Takers {
        let Self::Fleet { ours, others, .. } = self else { return Takers::Us };
        let has = |agents: &[Member]| agents.iter().any(|agent| agent.has(labels));
        if labels.is_empty() || has(ours) {
            Takers::Us
        } else if has(others) {
            Takers::Others
        } else {
            Takers::Nobody
        }
    }

    /// Why no agent takes a run that asks for these labels, where some of ours could and each of them says why not.
    pub(super) fn obstacle(&self, labels: &BTreeSet<Label>) -> Option<&Reason> {
        let takers: Vec<&Member> = match self {
            Self::Alone { ours } => ours.iter().collect(),
            Self::Fleet { ours, .. } => ours.iter().filter(|agent| agent.has(labels)).collect(),
        };
        let obstacles: Option<Vec<&Reason>> =
            takers.iter().map(|agent| agent.obstacle.as_ref()).collect();
        obstacles?.first().copied()
    }

    /// The turn of a run: those that have none come last.
    pub(super) fn turn(&self, run: &RunId) -> usize {
        match self {
            Self::Alone { .. } => 0,
            Self::Fleet { turns, .. } => turns.get(run).copied().unwrap_or(usize::MAX),
        }
    }
}

impl Member {
    fn has(&self, labels: &BTreeSet<Label>) -> bool {
        labels.is_subset(&self.labels)
    }
}

async fn working(store: &Store) -> Result<Vec<Member>, StoreError> {
    let agents = store.agents().await?.into_iter();
    let agents = agents.filter(|agent| match agent.presence {
        Presence::Working => true,
        Presence::Draining | Presence::Lost => false,
    });
    Ok(agents.map(|agent| Member { labels: agent.labels, obstacle: agent.obstacle }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Shortage;

    fn labels(names: &[&str]) -> BTreeSet<Label> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn run(number: u128) -> RunId {
        uuid::Uuid::from_u128(number).into()
    }

    fn agent(names: &[&str], obstacle: Option<Reason>) -> Member {
        Member { labels: labels(names), obstacle }
    }

    #[test]
    fn a_run_is_for_agents_that_have_all_it_asks_for() {
        let crew = Crew::Fleet {
            ours: vec![agent(&["gpu"], None)],
            others: vec![agent(&["fast", "vpc"], None), agent(&["gpu"], None)],
            turns: BTreeMap::from([(run(2), 0), (run(1), 1)]),
        };
        let asked = [&[][..], &["gpu"], &["vpc"], &["gpu", "vpc"]];
        let takers = asked.map(|asked| crew.takers(&labels(asked)));
        assert_eq!(takers, [Takers::Us, Takers::Us, Takers::Others, Takers::Nobody]);
        assert_eq!([1, 2, 3].map(|number| crew.turn(&run(number))), [1, 0, usize::MAX]);
    }

    #[test]
    fn a_run_waits_for_an_obstacle_only_if_every_agent_for_it_has_one() {
        let why = |free| Reason::Room { shortage: Shortage::Disk { free, least: 9 } };
        let ours = vec![agent(&["gpu"], Some(why(1))), agent(&["vpc"], None)];
        let crew = Crew::Fleet { ours: ours.clone(), others: Vec::new(), turns: BTreeMap::new() };
        let asked = [&[][..], &["gpu"], &["vpc"], &["tpu"]];
        let obstacles = asked.map(|asked| crew.obstacle(&labels(asked)).cloned());
        assert_eq!(obstacles, [None, Some(why(1)), None, None]);
        assert_eq!(Crew::Alone { ours }.obstacle(&labels(&["gpu"])), None);
        let full = vec![agent(&[], Some(why(2)))];
        assert_eq!(Crew::Alone { ours: full }.obstacle(&labels(&["gpu"])), Some(&why(2)));
    }

    #[test]
    fn on_one_machine_labels_mean_nothing() {
        let alone = Crew::Alone { ours: Vec::new() };
        assert_eq!(alone.takers(&labels(&["gpu"])), Takers::Us);
        assert_eq!(alone.turn(&run(1)), alone.turn(&run(2)));
    }
}
