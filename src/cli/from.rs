//! `--from STAGE`: what the stages before it left in an earlier run of the same commit.

use super::{failure::CliError, source::Source};
use crate::{
    app::App,
    flow::Event,
    ids::{RunId, StageName},
    spec::Pipeline,
};
use anyhow::Context as _;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How many of the newest runs are searched for one of the commit.
const SEARCHED_RUNS: u32 = 200;

/// Events that take over every stage that `stage` does not stand before.
pub(crate) async fn reused(
    app: &App,
    source: &Source,
    stage: &StageName,
) -> Result<Vec<Event>, CliError> {
    let pipeline = &source.project.pipeline;
    if pipeline.stages.iter().all(|known| known.name != *stage) {
        let known: Vec<&str> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
        return Err(CliError::usage(format!("there is no stage '{stage}'"))
            .hint(format!("the stages: {}", known.join(", "))));
    }
    let left = earlier(app, source).await?;
    let anew = behind(pipeline, stage);
    let mut events = Vec::new();
    for kept in pipeline.stages.iter().filter(|known| !anew.contains(&known.name)) {
        let Some((from, outputs)) = left.get(&kept.name) else {
            return Err(CliError::usage(format!(
                "'{}' has not succeeded yet for commit {}",
                kept.name,
                source.project.commit.short()
            ))
            .hint("run without --from first"));
        };
        let (stage, from, outputs) = (kept.name.clone(), from.clone(), outputs.clone());
        events.push(Event::StageReused { stage, from, outputs });
    }
    Ok(events)
}

/// `stage` and every stage that needs it, directly or not. Stages stand behind all they need.
fn behind(pipeline: &Pipeline, stage: &StageName) -> BTreeSet<StageName> {
    let mut found = BTreeSet::from([stage.clone()]);
    for candidate in &pipeline.stages {
        if candidate.needs.iter().any(|need| found.contains(need)) {
            found.insert(candidate.name.clone());
        }
    }
    found
}

/// What each stage left in the newest run of the commit for the environment in which it succeeded.
async fn earlier(
    app: &App,
    source: &Source,
) -> Result<BTreeMap<StageName, (RunId, Value)>, CliError> {
    let mut left = BTreeMap::new();
    let project = &source.project;
    for run in app.store.newest_runs(SEARCHED_RUNS).await.context("list the runs")? {
        let same = run.commit == project.commit
            && run.environment == source.environment
            && run.repository == source.repository.name();
        if !same {
            continue;
        }
        for stored in app.store.events(&run.id).await.context("read a run's events")? {
            match stored.event {
                Event::StageSucceeded { stage, outputs, .. }
                | Event::StageReused { stage, outputs, .. } => {
                    left.entry(stage).or_insert((run.id.clone(), outputs));
                }
                Event::RunCreated
                | Event::StageStarted { .. }
                | Event::StageFailed { .. }
                | Event::StageInterrupted { .. }
                | Event::RetryScheduled { .. }
                | Event::StageSkipped { .. }
                | Event::StageParked { .. }
                | Event::StageAwoken { .. }
                | Event::RunWithdrawn { .. }
                | Event::CancelRequested { .. }
                | Event::RunFinished { .. } => {}
            }
        }
    }
    Ok(left)
}
