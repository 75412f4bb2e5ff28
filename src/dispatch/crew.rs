//! Which agents there are for the open runs, and whose turn it is.
//!
//! Only a fleet has this question: on one machine whoever looks takes every run, in the order they came.

use crate::{
    ids::{Label, RunId},
    queue::Takers,
    store::{Presence, Store, StoreError},
};
use std::collections::{BTreeMap, BTreeSet};

/// The agents that take runs, as whoever looks at the line sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Crew {
    /// One machine.
    Alone,
    /// A fleet.
    Fleet {
        /// What those have for whom it is decided: one agent, or all of them if a person looks.
        ours: Vec<BTreeSet<Label>>,
        /// What the others have.
        others: Vec<BTreeSet<Label>>,
        /// The turns of the runs that one of ours could take.
        turns: BTreeMap<RunId, usize>,
    },
}

impl Crew {
    /// As the agent with these labels sees it.
    pub(super) async fn of_agent(
        store: &Store,
        labels: &BTreeSet<Label>,
    ) -> Result<Self, StoreError> {
        if !store.is_of_a_fleet() {
            return Ok(Self::Alone);
        }
        let turns = store.claimable_runs(labels).await?.into_iter();
        let turns = turns.enumerate().map(|(turn, run)| (run, turn)).collect();
        Ok(Self::Fleet { ours: vec![labels.clone()], others: working(store).await?, turns })
    }

    /// As a person sees it.
    pub(super) async fn of_all(store: &Store) -> Result<Self, StoreError> {
        if !store.is_of_a_fleet() {
            return Ok(Self::Alone);
        }
        let ours = working(store).await?;
        Ok(Self::Fleet { ours, others: Vec::new(), turns: BTreeMap::new() })
    }

    /// Who may take a run that asks for these labels. One that asks for none is for everybody who comes.
    pub(super) fn takers(&self, labels: &BTreeSet<Label>) -> Takers {
        let Self::Fleet { ours, others, .. } = self else { return Takers::Us };
        let has = |agents: &[BTreeSet<Label>]| agents.iter().any(|has| labels.is_subset(has));
        if labels.is_empty() || has(ours) {
            Takers::Us
        } else if has(others) {
            Takers::Others
        } else {
            Takers::Nobody
        }
    }

    /// The turn of a run: those that have none come last.
    pub(super) fn turn(&self, run: &RunId) -> usize {
        match self {
            Self::Alone => 0,
            Self::Fleet { turns, .. } => turns.get(run).copied().unwrap_or(usize::MAX),
        }
    }
}

/// What each agent has that begins runs now.
async fn working(store: &Store) -> Result<Vec<BTreeSet<Label>>, StoreError> {
    let agents = store.agents().await?.into_iter();
    let agents = agents.filter(|agent| match agent.presence {
        Presence::Working => true,
        Presence::Draining | Presence::Lost => false,
    });
    Ok(agents.map(|agent| agent.labels).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> BTreeSet<Label> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn run(number: u128) -> RunId {
        uuid::Uuid::from_u128(number).into()
    }

    #[test]
    fn a_run_is_for_agents_that_have_all_it_asks_for() {
        let crew = Crew::Fleet {
            ours: vec![labels(&["gpu"])],
            others: vec![labels(&["fast", "vpc"]), labels(&["gpu"])],
            turns: BTreeMap::from([(run(2), 0), (run(1), 1)]),
        };
        let asked = [&[][..], &["gpu"], &["vpc"], &["gpu", "vpc"]];
        let takers = asked.map(|asked| crew.takers(&labels(asked)));
        assert_eq!(takers, [Takers::Us, Takers::Us, Takers::Others, Takers::Nobody]);
        assert_eq!([1, 2, 3].map(|number| crew.turn(&run(number))), [1, 0, usize::MAX]);
    }

    #[test]
    fn on_one_machine_labels_mean_nothing() {
        assert_eq!(Crew::Alone.takers(&labels(&["gpu"])), Takers::Us);
        assert_eq!(Crew::Alone.turn(&run(1)), Crew::Alone.turn(&run(2)));
    }
}
