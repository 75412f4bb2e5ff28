//! Beginning at a stage: what the stages before it have left in earlier runs of the commit is taken over.

use super::DeskError;
use crate::{
    engine::stages::outputs::evidence_of,
    flow::{Event, SkipReason},
    ids::{EnvName, RunId, Sha, StageName},
    spec::{Action, BuiltIn, Pipeline, Stage},
    store::{Reused, Store},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Runs of one commit that are searched for what its stages have left, newest first.
const SEARCHED_RUNS: u32 = 64;

/// What a run that begins at `stage` takes over: of every stage before it what the newest run of the commit of the
/// repository into the environment has left in which that succeeded.
///
/// Nobody's approval is taken over: where people are asked before `stage`, they are asked again.
///
/// # Errors
/// [`DeskError::NoSuchStage`], [`DeskError::NeverSucceeded`], or the store failed.
pub async fn reused(
    store: &Store,
    of: (&str, &Sha, &EnvName),
    (pipeline, stage): (&Pipeline, &StageName),
) -> Result<Reused, DeskError> {
    if pipeline.stage(stage).is_none() {
        let known = pipeline.stages.iter().map(|stage| stage.name.clone()).collect();
        return Err(DeskError::NoSuchStage { stage: stage.clone(), known });
    }
    let anew = anew(pipeline, stage);
    let needed = before(pipeline, &anew);
    let left = left(store, of).await?;
    let mut reused = Reused::default();
    for kept in pipeline.stages.iter().filter(|known| !anew.contains(&known.name)) {
        let stage = kept.name.clone();
        match left.get(&stage) {
            Some(Left::Outputs(from, outputs)) => {
                let evidence = evidence_of(&kept.action).iter();
                reused.evidence.extend(evidence.map(|name| ((*name).to_owned(), from.clone())));
                let (from, outputs) = (from.clone(), outputs.clone());
                reused.events.push(Event::StageReused { stage, from, outputs });
            }
            // It is held against its `when` once more, or nothing that runs stands behind it.
            Some(Left::NotMeant) => {}
            None if !needed.contains(&stage) => {}
            None => return Err(DeskError::NeverSucceeded { stage }),
        }
    }
    Ok(reused)
}

/// What a stage has left.
#[derive(Debug)]
enum Left {
    /// The outputs of its success in this run.
    Outputs(RunId, Value),
    /// Nothing: it was not meant to run.
    NotMeant,
}

/// What each stage has left in the newest run in which it succeeded.
async fn left(
    store: &Store,
    (repository, commit, environment): (&str, &Sha, &EnvName),
) -> Result<BTreeMap<StageName, Left>, DeskError> {
    let mut left = BTreeMap::new();
    for run in store.runs_of_commit(repository, commit, environment, SEARCHED_RUNS).await? {
        for stored in store.events(&run.id).await? {
            match stored.event {
                Event::StageSucceeded { stage, outputs, .. }
                | Event::StageReused { stage, outputs, .. } => {
                    let outputs = Left::Outputs(run.id.clone(), outputs);
                    match left.get(&stage) {
                        Some(Left::Outputs(..)) => {}
                        Some(Left::NotMeant) | None => drop(left.insert(stage, outputs)),
                    }
                }
                Event::StageSkipped {
                    stage,
                    reason: SkipReason::ConditionFalse | SkipReason::NotCalledFor,
                } => drop(left.entry(stage).or_insert(Left::NotMeant)),
                Event::StageSkipped { .. }
                | Event::RunCreated
                | Event::StageStarted { .. }
                | Event::StageFailed { .. }
                | Event::StageInterrupted { .. }
                | Event::RetryScheduled { .. }
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

/// What runs: `stage`, where people are asked before it, and all that stands behind these.
fn anew(pipeline: &Pipeline, stage: &StageName) -> BTreeSet<StageName> {
    let asks = |stage: &&Stage| stage.action == Action::Uses(BuiltIn::Approve);
    let asking = pipeline.stages.iter().filter(asks).map(|asking| behind(pipeline, &asking.name));
    let mut anew = behind(pipeline, stage);
    anew.extend(asking.filter(|behind| behind.contains(stage)).flatten());
    anew
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

/// Every stage that one of `stages` needs, directly or not.
fn before(pipeline: &Pipeline, stages: &BTreeSet<StageName>) -> BTreeSet<StageName> {
    let mut found = BTreeSet::new();
    for candidate in pipeline.stages.iter().rev() {
        if stages.contains(&candidate.name) || found.contains(&candidate.name) {
            found.extend(candidate.needs.iter().cloned());
        }
    }
    found
}
