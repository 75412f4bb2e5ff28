//! Running again: a whole run, from a stage on, or only its deployment.

use super::{Desk, DeskError, Person, reuse::reused};
use crate::{
    ids::{RunId, StageName},
    spec::{Action, BuiltIn, Pipeline},
    store::{Ask, Facts, NewRun, Reused, RunRecord},
};
use serde_json::{Value, json};

impl Desk {
    /// A new run of the same commit, with the same graph and the same answers for `when`.
    ///
    /// # Errors
    /// [`DeskError::Open`], or the store failed.
    pub async fn retry(&self, person: &Person, run: &RunId) -> Result<RunRecord, DeskError> {
        let old = self.ended(run).await?;
        let facts = old.facts.again(&person.name);
        let new = again(&old, facts, (old.pipeline.clone(), Reused::default()));
        self.order(person, ("retry", run), (new, json!({}))).await
    }

    /// A new run of the same commit that begins at `stage`, with what the other stages left in the newest run of the commit
    /// in which they succeeded.
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
        let of = (old.repository.as_str(), &old.commit, &old.environment);
        let reused = reused(&self.store, of, (&old.pipeline, stage)).await?;
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
        let new = again(&old, facts, (pipeline, Reused::default()));
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
}

fn again(old: &RunRecord, facts: Facts, (pipeline, reused): (Pipeline, Reused)) -> NewRun {
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
