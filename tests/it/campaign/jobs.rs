//! What ran as Processing jobs for the runs: one job for each try, however often its agent died, none that outlives its run,
//! and every line of it in the log.

use super::{Store, round::Round, rows::RunRow, verdict::outcome};
use crate::cloud::DEV;
use relevo::logs::{LogFolder, LogReader, StagePart};
use serde_json::Value;
use std::{collections::BTreeMap, fs};
use tokio::task::block_in_place;

/// The stage.
const STAGE: &str = "job";
/// Lines that its command writes.
pub(super) const LINES: usize = 30;

/// Everything that is wrong.
pub(super) async fn of(round: &mut Round, runs: &[RunRow]) -> Vec<String> {
    let cloud = round.ground.clouds.cloud();
    let jobs = block_in_place(|| cloud.bodies(DEV, "job"));
    let jobs: Vec<&Value> = jobs.iter().filter(|job| of_stage(job).is_some()).collect();
    let begun = fs::read_to_string(round.ground.marks().join("jobs")).unwrap_or_default();
    let mut wrong = Vec::new();
    for job in &jobs {
        if !runs.iter().any(|run| of_stage(job) == Some(&run.id)) {
            wrong.push(format!("{} is of no run", job["name"]));
        }
        if matches!(standing(job), "Starting" | "Working") {
            wrong.push(format!("{} outlives its run", job["name"]));
        }
    }
    for run in runs {
        let own: Vec<&Value> =
            jobs.iter().filter(|job| of_stage(job) == Some(&run.id)).copied().collect();
        let events = round.rows.events(&run.id).await;
        let tries = tries(&events);
        let done = own.iter().filter(|job| is_well(job)).count();
        let executed = begun.lines().filter(|line| *line == run.id).count();
        let expected = usize::from(outcome(run) == "succeeded");
        if own.len() > tries || done < expected || done > 1 || executed > own.len() {
            wrong.push(format!(
                "run {} is {} after {tries} tries, with {done} of {} jobs done, whose command ran {executed} times",
                run.id,
                outcome(run),
                own.len()
            ));
        }
        if outcome(run) == "succeeded" {
            wrong.extend(lines(round, run));
        }
    }
    wrong
}

/// The run whose stage a job is, if it is one's.
fn of_stage(job: &Value) -> Option<&str> {
    let variables = &job["arguments"]["Environment"];
    (variables["RELEVO_STAGE"] == STAGE).then(|| variables["RELEVO_RUN"].as_str()).flatten()
}

fn standing(job: &Value) -> &str {
    job["standing"].as_str().unwrap()
}

fn is_well(job: &Value) -> bool {
    standing(job) == "Ended" && job["failure"].is_null()
}

/// Tries that nothing but the agent's death has parted are one.
fn tries(events: &[(i64, Value)]) -> usize {
    let (mut tries, mut goes_on) = (0, false);
    for (_, event) in events.iter().filter(|(_, event)| event["stage"] == STAGE) {
        match event["event"].as_str().unwrap() {
            "stage-started" => {
                tries += usize::from(!goes_on);
                goes_on = true;
            }
            "stage-interrupted" => {}
            _ => goes_on = false,
        }
    }
    tries
}

/// Each line of the job is in the log: once where one agent has all of it; an agent that died may have kept what the next
/// one elsewhere has read again.
fn lines(round: &Round, run: &RunRow) -> Option<String> {
    let mut found = BTreeMap::<String, usize>::new();
    for agent in &round.agents {
        let folder = LogFolder::at(agent.state.join("logs"));
        let id = run.id.parse().unwrap();
        let files = folder.files(&id).unwrap_or_default();
        for file in files.iter().filter(|file: &&StagePart| file.stage.as_str() == STAGE) {
            let mut reader = LogReader::open(&folder.of(&id, file), 0).unwrap();
            while let Some(piece) = reader.next().unwrap() {
                let line: Value = serde_json::from_str(&piece.text).unwrap();
                let message = line["message"].as_str().unwrap();
                if message.ends_with("of the job") {
                    *found.entry(message.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let most = match round.store {
        Store::File => 1,
        Store::Postgres(_) => usize::MAX,
    };
    let is_right = found.len() == LINES && found.values().all(|number| (1..=most).contains(number));
    (!is_right).then(|| format!("lines of the job of {}: {found:?}", run.id))
}
