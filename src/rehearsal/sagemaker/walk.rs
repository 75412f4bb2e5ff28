//! Which step of an execution comes next: a pure function of the graph and of what has been recorded.

use super::{
    graph::{Graph, Node},
    record::{StepRecord, StepStatus},
};
use std::collections::{BTreeMap, BTreeSet};

/// What an execution does next.
#[derive(Debug)]
pub(super) enum Next<'g, 'd> {
    /// Run this step.
    Run(&'g Node<'d>),
    /// Every step that could run has succeeded.
    Succeeded,
    /// A step failed; what was under way beside it has ended.
    Failed,
}

/// What became of a step so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Waiting,
    Skipped,
    Done,
}

/// The next move. A recorded step never comes again; a step comes only after all it needs have succeeded, and
/// not at all if it stands in the branch not taken or needs a step that does. What could start before the first
/// failure was under way beside it and still ends, as SageMaker runs such steps at the same time; nothing else starts.
pub(super) fn next<'g, 'd>(graph: &'g Graph<'d>, records: &[StepRecord]) -> Next<'g, 'd> {
    let recorded: BTreeMap<&str, &StepRecord> =
        records.iter().map(|record| (record.name.as_str(), record)).collect();
    let failure = records.iter().position(|record| record.status != StepStatus::Succeeded);
    let before = records.get(..failure.unwrap_or(records.len())).unwrap_or_default();
    let succeeded: BTreeSet<&str> = before.iter().map(|record| record.name.as_str()).collect();
    let fates = fates(graph, &recorded);
    graph
        .nodes()
        .iter()
        .find(|node| {
            fates.get(node.step.name) == Some(&Fate::Waiting)
                && node.needs.iter().all(|need| succeeded.contains(need.as_str()))
        })
        .map_or(if failure.is_some() { Next::Failed } else { Next::Succeeded }, Next::Run)
}

fn fates<'g>(
    graph: &'g Graph<'_>,
    recorded: &BTreeMap<&str, &StepRecord>,
) -> BTreeMap<&'g str, Fate> {
    let mut fates: BTreeMap<&str, Fate> = graph
        .nodes()
        .iter()
        .map(|node| {
            let done = recorded.contains_key(node.step.name);
            (node.step.name, if done { Fate::Done } else { Fate::Waiting })
        })
        .collect();
    // A skipped step skips what needs it, wherever that stands: go round until nothing changes.
    loop {
        let skipped: Vec<&str> = graph
            .nodes()
            .iter()
            .filter(|node| fates.get(node.step.name) == Some(&Fate::Waiting))
            .filter(|node| {
                branch_not_taken(node, recorded)
                    || node
                        .needs
                        .iter()
                        .any(|need| fates.get(need.as_str()) == Some(&Fate::Skipped))
            })
            .map(|node| node.step.name)
            .collect();
        if skipped.is_empty() {
            return fates;
        }
        fates.extend(skipped.into_iter().map(|name| (name, Fate::Skipped)));
    }
}

fn branch_not_taken(node: &Node<'_>, recorded: &BTreeMap<&str, &StepRecord>) -> bool {
    node.step.branches.iter().any(|(condition, branch)| {
        recorded
            .get(condition)
            .and_then(|record| record.outcome)
            .is_some_and(|outcome| outcome != (*branch == "IfSteps"))
    })
}

#[cfg(test)]
mod tests;
