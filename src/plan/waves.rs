//! Which changes of a plan wait for one another, and which may be done at the same time.

use super::change::{Change, Part, Plan};
use crate::definition::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// Changes of one thing, in order.
pub type Lane<'p> = Vec<&'p Change>;

/// The changes of one part of `plan`, wave after wave. A wave may only be begun when the one before it is done; the lanes
/// of one wave do not need each other. So nothing ever points to what is not there yet, rules that nobody wants go when
/// the wanted ones stand, and `schedule`, the rule by which inference starts, is last of all.
#[must_use]
pub fn waves<'p>(plan: &'p Plan, part: Part, schedule: &str) -> Vec<Vec<Lane<'p>>> {
    let retired: BTreeSet<&str> = plan.changes.iter().filter_map(retires).collect();
    let mut waves: BTreeMap<Height, Vec<(Subject<'p>, Lane<'p>)>> = BTreeMap::new();
    for change in plan.changes_of(part) {
        let subject = subject(change);
        let height = match subject {
            Subject::LogGroup(_) | Subject::Object(_) | Subject::Function | Subject::Topic => {
                Height::Foundations
            }
            Subject::Pipeline(_) => Height::Pipelines,
            Subject::Rule(name) if name == schedule => Height::Schedule,
            Subject::Rule(name) if retired.contains(name) => Height::RetiredRules,
            Subject::Rule(_) => Height::Rules,
        };
        let lanes = waves.entry(height).or_default();
        match lanes.iter_mut().find(|(other, _)| *other == subject) {
            Some((_, lane)) => lane.push(change),
            None => lanes.push((subject, vec![change])),
        }
    }
    let lanes = |lanes: Vec<(Subject<'p>, Lane<'p>)>| lanes.into_iter().map(|(_, lane)| lane);
    waves.into_values().map(|wave| lanes(wave).collect()).collect()
}

/// What must stand before what, from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Height {
    Foundations,
    Pipelines,
    Rules,
    RetiredRules,
    Schedule,
}

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject<'p> {
    LogGroup(&'p str),
    Object(&'p str),
    Function,
    Topic,
    Pipeline(Kind),
    Rule(&'p str),
}

fn subject(change: &Change) -> Subject<'_> {
    match change {
        Change::CreateLogGroup { name, .. }
        | Change::SetLogGroupKey { name, .. }
        | Change::SetRetention { name, .. } => Subject::LogGroup(name),
        Change::PutObject { key, .. } => Subject::Object(key),
        Change::CreateFunction { .. }
        | Change::UpdateFunctionCode { .. }
        | Change::UpdateFunctionSettings { .. }
        | Change::PublishFunction { .. } => Subject::Function,
        Change::CreateTopic { .. }
        | Change::SetTopicKey { .. }
        | Change::SetTopicStatement { .. }
        | Change::Subscribe { .. } => Subject::Topic,
        Change::CreatePipeline { kind, .. } | Change::UpdatePipeline { kind, .. } => {
            Subject::Pipeline(*kind)
        }
        Change::PutRule { to: rule, .. } | Change::RemoveRule { from: rule } => {
            Subject::Rule(&rule.name)
        }
        Change::PutTargets { rule, .. } | Change::RemoveTargets { rule, .. } => Subject::Rule(rule),
    }
}

/// The rule that the change takes away.
fn retires(change: &Change) -> Option<&str> {
    match change {
        Change::RemoveRule { from } => Some(&from.name),
        Change::CreateLogGroup { .. }
        | Change::SetLogGroupKey { .. }
        | Change::SetRetention { .. }
        | Change::PutObject { .. }
        | Change::CreateFunction { .. }
        | Change::UpdateFunctionCode { .. }
        | Change::UpdateFunctionSettings { .. }
        | Change::PublishFunction { .. }
        | Change::CreateTopic { .. }
        | Change::SetTopicKey { .. }
        | Change::SetTopicStatement { .. }
        | Change::Subscribe { .. }
        | Change::CreatePipeline { .. }
        | Change::UpdatePipeline { .. }
        | Change::PutRule { .. }
        | Change::PutTargets { .. }
        | Change::RemoveTargets { .. } => None,
    }
}
