//! What GitHub shows in the end, and whether everything that it was sent is what it takes.

use super::{round::Round, rows::RunRow};
use crate::github::Description;
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything that is wrong.
pub(super) fn of(round: &Round, runs: &[RunRow]) -> Vec<String> {
    let mut wrong = described(round);
    for run in runs {
        let outcome = run.outcome.as_ref().map(|outcome| &outcome["outcome"]);
        let has_succeeded = outcome.is_some_and(|outcome| outcome == "succeeded");
        wrong.extend(statuses(round, run, has_succeeded));
        wrong.extend(deployments(round, run, has_succeeded));
    }
    wrong
}

/// The last status of each context of the commit.
fn statuses(round: &Round, run: &RunRow, has_succeeded: bool) -> Vec<String> {
    let all = round.ground.github.see(|memory| memory.statuses.clone());
    let mut last = BTreeMap::<String, Value>::new();
    for status in all.into_iter().filter(|status| status["sha"] == run.commit) {
        last.insert(status["context"].as_str().unwrap().to_owned(), status);
    }
    let mut wrong = Vec::new();
    let expected = if has_succeeded { "success" } else { "error" };
    if last.get("relevo/prod").is_none_or(|status| status["state"] != expected) {
        wrong.push(format!(
            "status of {} is not {expected}: {:?}",
            run.id,
            last.get("relevo/prod")
        ));
    }
    for (context, status) in &last {
        let is_open = status["state"] == "pending";
        let has_failed = has_succeeded && status["state"] != "success";
        if is_open || has_failed {
            wrong.push(format!("{context} of {} is {}", run.id, status["state"]));
        }
    }
    wrong
}

/// One deployment of what was deployed, which says that it was.
fn deployments(round: &Round, run: &RunRow, has_succeeded: bool) -> Vec<String> {
    let (made, said) = round
        .ground
        .github
        .see(|memory| (memory.deployments.clone(), memory.deployment_statuses.clone()));
    let made: Vec<&Value> = made.iter().filter(|one| one["sha"] == run.commit).collect();
    if round.stopped.contains(&run.id) && made.len() <= 1 {
        return Vec::new();
    }
    if made.len() != usize::from(has_succeeded) {
        return vec![format!("{} deployments of {}", made.len(), run.id)];
    }
    let Some(made) = made.first() else { return Vec::new() };
    let last = said.iter().rfind(|status| status["deployment"] == made["id"]);
    if last.is_some_and(|status| status["state"] == "success") {
        return Vec::new();
    }
    vec![format!("the deployment of {} says {last:?}", run.id)]
}

/// Everything that was sent is what GitHub describes, where its description is at hand.
fn described(round: &Round) -> Vec<String> {
    let Some(description) = Description::open() else { return Vec::new() };
    let requests = round.ground.github.see(|memory| memory.requests.clone());
    let refused = requests.iter().filter_map(|request| {
        let problem = description.check(request).err()?;
        Some(format!("{} {}: {problem}", request.method, request.path))
    });
    refused.collect()
}
