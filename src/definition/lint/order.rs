//! Order: what a step waits for exists, and no steps wait for each other.

use super::references::elsewhere;
use super::{Flaw, Outline};
use crate::definition::{Reference, Step};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// For each step, the steps it waits for.
type Waits<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

pub(super) fn flaws(outline: &Outline<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (step, _) in &outline.steps {
        for (index, name) in depends_on(step).enumerate() {
            let path = format!("{}.DependsOn[{index}]", step.path);
            match outline.step(name) {
                Some(used) => flaws.extend(elsewhere(&path, step, used)),
                None => {
                    let flaw =
                        Flaw::new(path, "unknown-step", format!("there is no step '{name}'"));
                    flaws.push(flaw.suggest(name, outline.step_names()));
                }
            }
        }
    }
    // Steps that share a name would seem to wait for themselves.
    let names: BTreeSet<&str> = outline.step_names().into_iter().collect();
    let unique = names.len() == outline.steps.len();
    if let Some(cycle) = unique.then(|| cycle(waits(outline))).flatten() {
        let path = outline.step(cycle[0]).map(|step| step.path.clone()).unwrap_or_default();
        let message = format!("steps wait for each other: {}", cycle.join(" -> "));
        flaws.push(Flaw::new(path, "step-cycle", message));
    }
    flaws
}

fn depends_on<'a>(step: &Step<'a>) -> impl Iterator<Item = &'a str> {
    let names = step.value.get("DependsOn").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str)
}

fn waits<'a>(outline: &Outline<'a>) -> Waits<'a> {
    let known = outline.step_names();
    let mut waits = Waits::new();
    for (step, spots) in &outline.steps {
        let texts =
            spots.iter().filter(|spot| spot.key == "Get").filter_map(|spot| spot.value.as_str());
        let used = texts.filter_map(|text| match text.parse() {
            Ok(Reference::Step { step, .. }) => known.iter().copied().find(|name| *name == step),
            _ => None,
        });
        let condition = step.branches.last().map(|(condition, _)| *condition);
        let named = depends_on(step).filter(|name| known.contains(name));
        waits.entry(step.name).or_default().extend(used.chain(named).chain(condition));
    }
    waits
}

/// The steps of a cycle in the order they wait, the first one again at the end.
fn cycle(mut waits: Waits<'_>) -> Option<Vec<&str>> {
    loop {
        let free: Vec<&str> =
            waits.iter().filter(|(_, before)| before.is_empty()).map(|(name, _)| *name).collect();
        if free.is_empty() {
            break;
        }
        waits.retain(|name, _| !free.contains(name));
        waits.values_mut().for_each(|before| before.retain(|name| !free.contains(name)));
    }
    // Every step left waits for another one left, so following them must come around.
    let mut trail = vec![*waits.keys().next()?];
    loop {
        let next = *waits.get(trail.last()?)?.first()?;
        let met = trail.iter().position(|name| *name == next);
        trail.push(next);
        if let Some(start) = met {
            return Some(trail.split_off(start));
        }
    }
}
