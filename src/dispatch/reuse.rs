//! Beginning at a stage: what the other stages have come to in earlier runs of the commit is taken over.

use super::DeskError;
use crate::{
    engine::stages::outputs::evidence_of,
    flow::{Ending, Event, SkipReason},
    ids::{EnvName, RunId, Sha, StageName},
    spec::{Action, BuiltIn, Pipeline, Stage},
    store::{Reused, Store},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Runs of one commit that are searched for what its stages have come to, newest first.
const SEARCHED_RUNS: u32 = 64;

/// What a run that begins at `stage` takes over: of every stage that does not run anew what it has come to in earlier runs
/// of the commit of the repository into the environment. Each of them has ended when the run is made, so that none begins.
///
/// Nobody's approval is taken over for anything that runs: where people are asked before it, they are asked again.
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
    let mut course = course(store, of).await?;
    let mut reused = Reused::default();
    for kept in pipeline.stages.iter().filter(|known| !anew.contains(&known.name)) {
        let stage = kept.name.clone();
        match course.remove(&stage) {
            Some(Past::Succeeded(from, outputs)) => {
                let names = evidence_of(&kept.action).iter();
                reused.evidence.extend(names.map(|name| ((*name).to_owned(), from.clone())));
                reused.events.push(Event::StageReused { stage, from, outputs });
            }
            Some(Past::NotMeant(reason)) => {
                reused.events.push(Event::StageSkipped { stage, reason });
            }
            Some(Past::Unfinished) | None => return Err(DeskError::NeverSucceeded { stage }),
        }
    }
    Ok(reused)
}

/// What a stage has come to.
#[derive(Debug)]
enum Past {
    /// It succeeded in this run and left these outputs.
    Succeeded(RunId, Value),
    /// It was not meant to run.
    NotMeant(SkipReason),
    /// It began, and nothing says that it succeeded.
    Unfinished,
}

/// What each stage has come to: its newest success, or else the newest word on it.
async fn course(
    store: &Store,
    (repository, commit, environment): (&str, &Sha, &EnvName),
) -> Result<BTreeMap<StageName, Past>, DeskError> {
    let mut course = BTreeMap::new();
    for run in store.runs_of_commit(repository, commit, environment, SEARCHED_RUNS).await? {
        for stored in store.events(&run.id).await? {
            take(&mut course, &run.id, stored.event);
        }
    }
    Ok(course)
}

/// Takes an event of `run` into account; newer runs came before.
fn take(course: &mut BTreeMap<StageName, Past>, run: &RunId, event: Event) {
    match event {
        Event::StageSucceeded { stage, outputs, .. } => match course.get(&stage) {
            Some(Past::Succeeded(..)) => {}
            Some(Past::NotMeant(_) | Past::Unfinished) | None => {
                course.insert(stage, Past::Succeeded(run.clone(), outputs));
            }
        },
        Event::StageReused { stage, from, outputs } => match course.get_mut(&stage) {
            // Runs of earlier versions named the run that had taken it over in its turn, which may hold no evidence.
            Some(Past::Succeeded(named, _)) if *named == *run => *named = from,
            Some(Past::Succeeded(..)) => {}
            Some(Past::NotMeant(_) | Past::Unfinished) | None => {
                course.insert(stage, Past::Succeeded(from, outputs));
            }
        },
        Event::StageStarted { stage, .. } => {
            course.entry(stage).or_insert(Past::Unfinished);
        }
        Event::StageSkipped { stage, reason } if reason.ending() == Ending::Skipped => {
            course.entry(stage).or_insert(Past::NotMeant(reason));
        }
        Event::StageSkipped { .. }
        | Event::RunCreated
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

/// What runs: `stage` and all that stands behind it; and where people are asked before one of these, the question and all
/// that stands behind it.
fn anew(pipeline: &Pipeline, stage: &StageName) -> BTreeSet<StageName> {
    let asks = |stage: &&Stage| stage.action == Action::Uses(BuiltIn::Approve);
    let asking = pipeline.stages.iter().filter(asks);
    let asked: Vec<_> = asking.map(|asking| behind(pipeline, &asking.name)).collect();
    let mut anew = behind(pipeline, stage);
    // What stands behind one question may stand behind another too.
    while let Some(more) =
        asked.iter().find(|more| !more.is_disjoint(&anew) && !more.is_subset(&anew))
    {
        anew.extend(more.iter().cloned());
    }
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
