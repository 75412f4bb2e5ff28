//! What GitHub shows in the end, and whether everything that it was sent is what it takes.

use super::{ground::Audience, round::Round, rows::RunRow};
use crate::github::{Description, TOKEN};
use serde_json::Value;
use std::collections::BTreeMap;

/// Stages of the pipeline.
const STAGES: usize = 9;

/// Everything that is wrong.
pub(super) fn of(round: &Round, runs: &[RunRow]) -> Vec<String> {
    let mut wrong = described(round);
    for run in runs {
        let outcome = run.outcome.as_ref().map(|outcome| &outcome["outcome"]);
        let has_succeeded = outcome.is_some_and(|outcome| outcome == "succeeded");
        wrong.extend(statuses(round, run, has_succeeded));
        wrong.extend(deployments(round, run, has_succeeded));
        wrong.extend(match round.audience {
            Audience::App => checks(round, run, has_succeeded),
            Audience::GitHub | Audience::Nobody => Vec::new(),
        });
    }
    wrong.extend(of_one_kind(round));
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

/// One check run of each stage of the commit, which says how it ended.
fn checks(round: &Round, run: &RunRow, has_succeeded: bool) -> Vec<String> {
    let all = round.ground.github.see(|memory| memory.checks.clone());
    let mut made = BTreeMap::<String, Vec<Value>>::new();
    for check in all.into_iter().filter(|check| check["head_sha"] == run.commit) {
        made.entry(check["name"].as_str().unwrap().to_owned()).or_default().push(check);
    }
    let mut wrong = Vec::new();
    if has_succeeded && made.len() != STAGES {
        wrong.push(format!("check runs of {} stages of {}", made.len(), run.id));
    }
    for (name, checks) in &made {
        if checks.len() != 1 {
            wrong.push(format!("{} check runs {name} of {}", checks.len(), run.id));
        }
        for check in checks {
            let is_over = check["status"] == "completed";
            // Stages of another environment have no reason to run.
            let may_be_skipped = name.ends_with("/train-test") || name.ends_with("/gate");
            let is_well = check["conclusion"] == "success"
                || may_be_skipped && check["conclusion"] == "skipped";
            if !is_over || has_succeeded && !is_well {
                let told = (&check["status"], &check["conclusion"]);
                wrong.push(format!("{name} of {} is {told:?}", run.id));
            }
        }
    }
    wrong
}

/// An App shows tokens of its installation and itself, and stages as check runs; others one token, and statuses.
fn of_one_kind(round: &Round) -> Option<String> {
    let (requests, checks) =
        round.ground.github.see(|memory| (memory.requests.clone(), memory.checks.len()));
    let as_bearer = requests.iter().filter(|one| one.authorization.ends_with(TOKEN)).count();
    let is_right = match round.audience {
        Audience::App => as_bearer == 0 && checks > 0,
        Audience::GitHub => as_bearer == requests.len() && checks == 0,
        Audience::Nobody => requests.is_empty(),
    };
    (!is_right).then(|| {
        format!("{as_bearer} of {} requests with the token, {checks} check runs", requests.len())
    })
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
