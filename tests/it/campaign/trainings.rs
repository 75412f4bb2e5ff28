//! What was trained for the runs: one execution each, however often its agent died, and none that outlives its run.

use super::{round::Round, rows::RunRow, verdict::outcome};
use crate::cloud::{DEV, REGISTRY};
use serde_json::Value;
use tokio::task::block_in_place;

/// Everything that is wrong.
pub(super) async fn of(round: &mut Round, runs: &[RunRow]) -> Vec<String> {
    let written = round.rows.executions().await;
    let cloud = round.ground.clouds.cloud();
    let (executions, models) = block_in_place(|| {
        (cloud.bodies(DEV, "pipeline execution"), cloud.count(REGISTRY, "model package"))
    });
    let mut wrong: Vec<String> =
        runs.iter().filter_map(|run| of_run(run, (&written, &executions))).collect();
    let is_known = |one: &Value| written.iter().any(|(_, known)| known["name"] == *name(one));
    for one in &executions {
        if !is_known(one) {
            wrong.push(format!("nobody has started {}", one["arn"]));
        }
        // Of runs that are over, that is.
        if matches!(status(one), "Executing" | "Stopping") {
            wrong.push(format!("{} outlives its run", one["arn"]));
        }
    }
    let succeeded = executions.iter().filter(|one| status(one) == "Succeeded").count();
    if models != succeeded {
        wrong.push(format!("{models} models of {succeeded} executions"));
    }
    wrong
}

/// One execution of a run that has trained, none of another; what succeeded was trained to its end.
fn of_run(run: &RunRow, (written, executions): (&[(String, Value)], &[Value])) -> Option<String> {
    let known = written.iter().find(|(of, _)| *of == run.id).map(|(_, known)| known);
    let own: Vec<&str> = executions
        .iter()
        .filter(|one| known.is_some_and(|known| known["name"] == *name(one)))
        .map(status)
        .collect();
    let is_right = match (outcome(run), own.as_slice()) {
        ("succeeded", ["Succeeded"]) | ("superseded", []) => true,
        // Nobody starts what is stopped before.
        ("cancelled", []) => true,
        ("cancelled", ["Stopped" | "Succeeded"]) => true,
        _ => false,
    };
    (!is_right).then(|| format!("run {} is {} and trained {own:?}", run.id, outcome(run)))
}

fn name(execution: &Value) -> &Value {
    &execution["display_name"]
}

fn status(execution: &Value) -> &str {
    execution["status"].as_str().unwrap()
}
