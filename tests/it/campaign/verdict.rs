//! What must be so in the end, whoever died on the way.

use super::{
    Store, ground::Audience, jobs, round::Round, rows::RunRow, telling, traces, trainings,
    wiretap::Heard,
};
use crate::cloud::{DEV, PROD};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use tokio::task::block_in_place;

/// What every run does that succeeds.
const STAGES: [&str; 8] = [
    "validate",
    "train-test",
    "check",
    "job",
    "assume-role",
    "plan",
    "deploy-pipelines",
    "schedule-rules",
];

/// Everything that is wrong.
pub(super) async fn of(round: &mut Round) -> Vec<String> {
    let runs = round.rows.runs().await;
    let mut wrong = one_run_a_push(round, &runs);
    for run in &runs {
        let events = round.rows.events(&run.id).await;
        wrong.extend(one_success_a_stage(run, &events));
        wrong.extend(one_apply_a_plan(run, &events, &round.ground.at_clouds.changes()));
    }
    // The cloud's file is read with a runtime of its own.
    wrong.extend(block_in_place(|| as_planned(round)));
    wrong.extend(trainings::of(round, &runs).await);
    wrong.extend(jobs::of(round, &runs).await);
    match round.audience {
        Audience::GitHub | Audience::App => wrong.extend(telling::of(round, &runs)),
        Audience::Nobody => {}
    }
    if matches!(round.store, Store::File) {
        // Agents of a fleet have each the lines of their own attempts.
        let lines =
            || runs.iter().filter_map(|run| every_line_once(round, run)).collect::<Vec<_>>();
        wrong.extend(block_in_place(lines));
    }
    wrong.extend(nothing_left(round).await);
    wrong.extend(traces::of(&round.ground.folder()));
    wrong
}

pub(super) fn outcome(run: &RunRow) -> &str {
    let outcome = run.outcome.as_ref();
    outcome.and_then(|outcome| outcome["outcome"].as_str()).unwrap_or("none")
}

/// Each push has one run, which succeeded, was stopped, or says by which later one it was superseded; the last one
/// succeeded.
fn one_run_a_push(round: &Round, runs: &[RunRow]) -> Vec<String> {
    let mut wrong = Vec::new();
    for push in &round.pushes {
        let number = runs.iter().filter(|run| run.commit == push.commit).count();
        if number != 1 {
            wrong.push(format!("{number} runs of {}", push.commit));
        }
    }
    if runs.len() != round.pushes.len() {
        wrong.push(format!("{} runs of {} pushes", runs.len(), round.pushes.len()));
    }
    for (at, run) in runs.iter().enumerate() {
        let is_right = match outcome(run) {
            "succeeded" => true,
            "cancelled" => round.stopped.contains(&run.id),
            "superseded" => {
                let by = run.outcome.as_ref().and_then(|outcome| outcome["by"].as_str());
                runs[at + 1..].iter().any(|later| Some(later.id.as_str()) == by)
            }
            _ => false,
        };
        if !is_right {
            wrong.push(format!("run {} ended with {:?}", run.id, run.outcome));
        }
    }
    let last = round.pushes.last().map(|push| &push.commit);
    if !runs.iter().any(|run| Some(&run.commit) == last && outcome(run) == "succeeded") {
        wrong.push("the last push is not what was deployed".to_owned());
    }
    wrong
}

/// No stage succeeded twice.
fn one_success_a_stage(run: &RunRow, events: &[(i64, Value)]) -> Vec<String> {
    let mut successes = BTreeMap::<&str, usize>::new();
    for (_, event) in events.iter().filter(|(_, event)| event["event"] == "stage-succeeded") {
        *successes.entry(event["stage"].as_str().unwrap()).or_default() += 1;
    }
    let expected = match outcome(run) {
        "succeeded" => 1..=1,
        // It was stopped somewhere.
        "cancelled" => 0..=1,
        _ => 0..=0,
    };
    let number = |stage: &str| successes.get(stage).copied().unwrap_or(0);
    let wrong = STAGES.iter().filter(|stage| !expected.contains(&number(stage)));
    wrong.map(|stage| format!("{stage} of {} succeeded {} times", run.id, number(stage))).collect()
}

/// Whoever changed something in prod for this run had done so before another began; nobody changed the same twice; nothing
/// was changed once the last stage had succeeded.
fn one_apply_a_plan(run: &RunRow, events: &[(i64, Value)], heard: &[Heard]) -> Vec<String> {
    let is_ours = |heard: &&Heard| {
        let session = heard.session.as_ref();
        session.is_some_and(|(account, of)| account == PROD && run.id.contains(of.as_str()))
            && heard.operation != "Publish"
            && heard.status / 100 == 2
    };
    let changes: Vec<&Heard> = heard.iter().filter(is_ours).collect();
    let mut wrong = Vec::new();
    if outcome(run) == "superseded" && !changes.is_empty() {
        wrong.push(format!("run {} is superseded and changed prod", run.id));
    }
    let mut applied: Vec<(u32, BTreeSet<String>)> = Vec::new();
    for change in &changes {
        // One that was killed before it could be told apart did nothing after this.
        let Some(pid) = change.pid else { continue };
        let (operation, line) = (change.operation.as_str(), change.line.as_str());
        if applied.last().is_none_or(|(last, _)| *last != pid) {
            if applied.iter().any(|(earlier, _)| *earlier == pid) {
                wrong.push(format!("two agents applied {} at once: {operation}", run.id));
            }
            applied.push((pid, BTreeSet::new()));
        }
        let Some((_, done)) = applied.last_mut() else { continue };
        let body = String::from_utf8_lossy(&change.body);
        if !done.insert(format!("{operation} {line} {body}")) {
            wrong.push(format!("{operation} {line} twice by one agent in {}", run.id));
        }
    }
    let is_end =
        |event: &Value| event["event"] == "stage-succeeded" && event["stage"] == "schedule-rules";
    let end = events.iter().find(|(_, event)| is_end(event)).map(|(at, _)| *at);
    for late in changes.iter().filter(|change| end.is_some_and(|end| change.at > end)) {
        wrong.push(format!("{} for {} after it had succeeded", late.operation, run.id));
    }
    if outcome(run) == "succeeded" && changes.is_empty() {
        wrong.push(format!("run {} changed nothing in prod", run.id));
    }
    wrong
}

/// There is nothing left to plan, and everything is there once.
fn as_planned(round: &Round) -> Vec<String> {
    let mut wrong = Vec::new();
    let ground = &round.ground;
    let told = ground.command(&round.agents[0].state, &["plan", "--env", "prod"]).output().unwrap();
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    let talk = String::from_utf8_lossy(&told.stderr);
    if !format!("{said}{talk}").contains("No changes") {
        wrong.push(format!("prod is not as planned: {said}{talk}"));
    }
    let cloud = ground.clouds.cloud();
    for (account, kind, expected) in
        [(PROD, "function", 1), (PROD, "topic", 1), (PROD, "pipeline", 2), (DEV, "pipeline", 1)]
    {
        let number = cloud.count(account, kind);
        if number != expected {
            wrong.push(format!("{number} {kind}s in {account}, not {expected}"));
        }
    }
    let overlaps = fs::read_to_string(ground.marks().join("overlaps")).unwrap_or_default();
    wrong.extend(overlaps.lines().map(str::to_owned));
    wrong
}

/// The lines in the files are those in the group: each once, in order, numbered without a gap.
fn every_line_once(round: &Round, run: &RunRow) -> Option<String> {
    let state = &round.agents[0].state;
    let told = round.ground.command(state, &["logs", &run.id, "--json"]).output().unwrap();
    let kept = String::from_utf8_lossy(&told.stdout).into_owned();
    let mut files = BTreeMap::<String, Vec<Value>>::new();
    for line in kept.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        files.entry(line["stage"].as_str().unwrap().to_owned()).or_default().push(line);
    }
    let in_group = round.ground.clouds.cloud().lines(&run.id);
    let parsed = |lines: &Vec<String>| -> Vec<Value> {
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let group: BTreeMap<String, Vec<Value>> =
        in_group.iter().map(|(stage, lines)| (stage.clone(), parsed(lines))).collect();
    for (stage, lines) in &files {
        let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        if numbers != (1..=numbers.len() as u64).collect::<Vec<_>>() {
            return Some(format!("lines of {stage} of {} are numbered {numbers:?}", run.id));
        }
    }
    let count = |lines: &BTreeMap<String, Vec<Value>>| -> Vec<String> {
        lines.iter().map(|(stage, lines)| format!("{stage} {}", lines.len())).collect()
    };
    let is_same = files == group;
    (!is_same).then(|| {
        format!(
            "lines of {}: {:?} in files, {:?} in the group",
            run.id,
            count(&files),
            count(&group)
        )
    })
}

/// No lane, lease, checkout or lock is left, nothing was given up, every delivery has its verdict.
async fn nothing_left(round: &mut Round) -> Vec<String> {
    let mut wrong = Vec::new();
    for (what, question) in [
        ("lane", "SELECT run, stage, lane FROM lanes"),
        ("lease", "SELECT run, owner FROM leases WHERE owner IS NOT NULL"),
        (
            "given up",
            "SELECT run, name, COALESCE(problem, '') FROM outbox WHERE state = 'given-up'",
        ),
        ("without verdict", "SELECT id FROM deliveries WHERE verdict IS NULL"),
        ("refused", "SELECT id, verdict FROM deliveries WHERE verdict LIKE '%refused%'"),
        (
            "rejected lines",
            "SELECT run, stage, rejected FROM log_cursors WHERE rejected NOT IN ('{}', '[]', '')",
        ),
    ] {
        let left = round.rows.texts(question).await;
        wrong.extend(left.iter().map(|row| format!("{what}: {row}")));
    }
    for agent in &round.agents {
        for name in ["work", "mirrors"] {
            wrong.extend(traces::left_in(&agent.state.join(name), name == "work"));
        }
    }
    wrong
}
