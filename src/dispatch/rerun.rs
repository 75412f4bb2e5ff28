//! Running again: a whole run, from a stage on, or only its deployment.

use super::{Desk, DeskError, Person};
use crate::{
    flow::Event,
    ids::{RunId, StageName},
    spec::{Action, BuiltIn, Pipeline},
    store::{Ask, Facts, NewRun, RunRecord},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Newest runs that are searched for what stages of the commit have left.
const SEARCHED_RUNS: u32 = 200;

impl Desk {
    /// A new run of the same commit, with the same graph and the same answers for `when`.
    ///
    /// # Errors
    /// [`DeskError::Open`], or the store failed.
    pub async fn retry(&self, person: &Person, run: &RunId) -> Result<RunRecord, DeskError> {
        let old = self.ended(run).await?;
        let facts = old.facts.again(&person.name);
        let new = again(&old, facts, (old.pipeline.clone(), Vec::new()));
        self.order(person, ("retry", run), (new, json!({}))).await
    }

    /// A new run of the same commit that begins at `stage`, with what the stages before it left in the newest run of the
    /// commit in which they succeeded.
    ///
    /// # Errors
    /// [`DeskError::Open`], [`DeskError::NoSuchStage`], [`DeskError::NeverSucceeded`], or the store failed.
    pub async fn retry_from(
        &self,
        person: &Person,
        run: &RunId,
        stage: &StageName,
    ) -> Result<RunRecord, DeskError> {
        let old = self.ended(run).await?;
        if old.pipeline.stage(stage).is_none() {
            let known = old.pipeline.stages.iter().map(|stage| stage.name.clone()).collect();
            return Err(DeskError::NoSuchStage { stage: stage.clone(), known });
        }
        let reused = self.reused(&old, stage).await?;
        let facts = old.facts.again(&person.name);
        let new = again(&old, facts, (old.pipeline.clone(), reused));
        self.order(person, ("retry", run), (new, json!({ "from": stage }))).await
    }

    /// A new run that deploys what `run` has deployed: nothing is trained and nothing judged again.
    ///
    /// # Errors
    /// [`DeskError::NotDeployed`], or the store failed.
    pub async fn redeploy(&self, person: &Person, run: &RunId) -> Result<RunRecord, DeskError> {
        let old = self.store.run(run).await?;
        let not_deployed = || DeskError::NotDeployed { run: run.clone() };
        let succeeded = old.outcome == Some(crate::flow::Outcome::Succeeded);
        if !succeeded || !old.pipeline.stages.iter().any(|stage| applies(&stage.action)) {
            return Err(not_deployed());
        }
        let pipeline = old.pipeline.deployment().ok_or_else(not_deployed)?;
        let facts = Facts {
            event: "redeploy".to_owned(),
            changed_paths: Vec::new(),
            plan: None,
            ..old.facts.again(&person.name)
        };
        let new = again(&old, facts, (pipeline, Vec::new()));
        self.order(person, ("redeploy", run), (new, json!({}))).await
    }

    async fn ended(&self, run: &RunId) -> Result<RunRecord, DeskError> {
        let old = self.store.run(run).await?;
        if old.outcome.is_none() {
            return Err(DeskError::Open { run: run.clone() });
        }
        Ok(old)
    }

    async fn order(
        &self,
        person: &Person,
        (act, old): (&str, &RunId),
        (new, mut detail): (NewRun, Value),
    ) -> Result<RunRecord, DeskError> {
        let run = self.store.create_or_find(new, Ask::Again).await?.into_run();
        detail["run"] = json!(run.id);
        self.note(person, act, (old.as_str(), detail)).await?;
        Ok(run)
    }

    /// Events that take over every stage that `stage` does not stand before.
    async fn reused(&self, old: &RunRecord, stage: &StageName) -> Result<Vec<Event>, DeskError> {
        let left = self.left(old).await?;
        let anew = behind(&old.pipeline, stage);
        let kept = old.pipeline.stages.iter().filter(|known| !anew.contains(&known.name));
        kept.map(|kept| {
            let stage = kept.name.clone();
            let (from, outputs) = left
                .get(&stage)
                .cloned()
                .ok_or_else(|| DeskError::NeverSucceeded { stage: stage.clone() })?;
            Ok(Event::StageReused { stage, from, outputs })
        })
        .collect()
    }

    /// What each stage left in the newest run of the commit for the environment in which it succeeded.
    async fn left(
        &self,
        old: &RunRecord,
    ) -> Result<BTreeMap<StageName, (RunId, Value)>, DeskError> {
        let mut left = BTreeMap::new();
        let is_alike = |run: &RunRecord| {
            run.commit == old.commit
                && run.environment == old.environment
                && run.repository == old.repository
        };
        let runs = self.store.newest_runs(SEARCHED_RUNS).await?;
        for run in runs.into_iter().filter(is_alike) {
            for stored in self.store.events(&run.id).await? {
                if let Event::StageSucceeded { stage, outputs, .. }
                | Event::StageReused { stage, outputs, .. } = stored.event
                {
                    left.entry(stage).or_insert((run.id.clone(), outputs));
                }
            }
        }
        Ok(left)
    }
}

fn again(old: &RunRecord, facts: Facts, (pipeline, reused): (Pipeline, Vec<Event>)) -> NewRun {
    NewRun {
        repository: old.repository.clone(),
        reference: old.reference.clone(),
        commit: old.commit.clone(),
        environment: old.environment.clone(),
        facts,
        pipeline,
        reused,
    }
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

fn applies(action: &Action) -> bool {
    match action {
        Action::Uses(BuiltIn::DeployPipelines | BuiltIn::ScheduleRules) => true,
        Action::Uses(
            BuiltIn::Validate
            | BuiltIn::TrainTest(_)
            | BuiltIn::Gate(_)
            | BuiltIn::AssumeRole
            | BuiltIn::Plan
            | BuiltIn::Approve,
        )
        | Action::Run(_) => false,
    }
}
