//! What a built-in stage works with.

use super::{
    StageContext, failure,
    memory::{Leave, Memory, Seen},
};
use crate::{
    aws::{Access, Cause, Purpose, Session},
    deploy,
    flow::Failure,
    ids::Attempt,
    logs::Level,
    plan::{Blueprint, Desired, Observed},
    project::Project,
    spec::{Action, BuiltIn, Environment, FailureClass, Stage},
};
use futures_util::future::BoxFuture;
use serde::{Serialize, de::DeserializeOwned};
use std::{io, sync::Arc, time::Duration};

/// How each environment's cloud is reached.
pub trait Clouds: Send + Sync {
    /// The way to the cloud of `environment`.
    ///
    /// # Errors
    /// There is no such way, for instance because the rehearsal's file cannot be opened.
    fn access(&self, environment: &Environment) -> Result<Access, Failure>;

    /// How long to wait between two looks at something that takes time there.
    fn poll_interval(&self, environment: &Environment) -> Duration;

    /// The way in for other processes, where the cloud lives in this one.
    fn door<'a>(
        &'a self,
        _environment: &'a Environment,
    ) -> BoxFuture<'a, Result<Option<Door>, Failure>> {
        Box::pin(async { Ok(None) })
    }
}

/// A cloud of this process on a port of this machine.
pub struct Door {
    /// Where it is.
    pub address: String,
    /// Serves it, as long as it is polled.
    pub serving: BoxFuture<'static, io::Result<()>>,
}

/// One attempt of one built-in stage.
pub(super) struct Work<'a> {
    pub(super) project: &'a Arc<Project>,
    pub(super) clouds: &'a dyn Clouds,
    pub(super) memory: &'a Memory,
    pub(super) context: &'a StageContext,
}

impl Work<'_> {
    /// The environment this stage works in: its own, or the run's.
    pub(super) fn environment(&self) -> Result<&Environment, Failure> {
        let run = &self.context.run.environment;
        self.named(self.context.stage.environment.as_ref().unwrap_or(run))
    }

    /// The checked environment called `name`.
    pub(super) fn named(&self, name: &crate::ids::EnvName) -> Result<&Environment, Failure> {
        self.project.environments.get(name).ok_or_else(|| {
            Failure::new(FailureClass::UserError, format!("there is no environment '{name}'"))
        })
    }

    /// What this commit wants in `environment`.
    pub(super) fn blueprint<'e>(
        &'e self,
        environment: &'e Environment,
    ) -> Result<Blueprint<'e>, Failure> {
        self.project
            .blueprint(environment)
            .map_err(|incomplete| Failure::new(FailureClass::UserError, incomplete.to_string()))
    }

    /// A session in `environment` that may do what `purpose` needs and no more: the one that an earlier stage of this run
    /// took for it, or a new one. Whoever has to try again takes a new one, whatever was wrong with the other.
    pub(super) async fn session(
        &self,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Session, Failure> {
        let (run, name) = (&self.context.run.id, &environment.name);
        if self.context.attempt == Attempt(1)
            && let Some(session) = self.memory.session(run, name, purpose)
        {
            return Ok(session);
        }
        let session = self.own_session(environment, purpose).await?;
        self.memory.keep_session(run, name, (purpose, &session));
        Ok(session)
    }

    /// A session that nobody else has.
    pub(super) async fn own_session(
        &self,
        environment: &Environment,
        purpose: Purpose,
    ) -> Result<Session, Failure> {
        let run = &self.context.run;
        let (repository, commit) = (run.repository.clone(), run.commit.clone());
        let access = self.clouds.access(environment)?;
        let access = access.on_behalf_of(Cause { repository, commit });
        Ok(access.assume(environment, &run.id, purpose).await?)
    }

    /// What the stage right before this one has just read of `environment`, or what is read now, through `session`.
    pub(super) async fn seen(
        &self,
        environment: &Environment,
        session: &Session,
    ) -> Result<(Desired, Observed, Leave), Failure> {
        let StageContext { run, stage, clock, .. } = self.context;
        let known = self.memory.take_seen(&run.id, &environment.name, (&stage.needs, clock.now()));
        if let Some(Seen { desired, observed, leave, .. }) = known {
            return Ok((desired, observed, leave));
        }
        let blueprint = self.blueprint(environment)?;
        let survey = deploy::survey(session, &blueprint).await;
        let (desired, observed) = survey.map_err(failure::of_survey)?;
        Ok((desired, observed, Leave::Open))
    }

    /// Leaves what was just read to the stage right behind this one.
    pub(super) fn leave_seen(&self, desired: Desired, observed: Observed, leave: Leave) {
        let StageContext { run, stage, clock, .. } = self.context;
        let (stage, at) = (stage.name.clone(), clock.now());
        self.memory.keep_seen(&run.id, Seen { desired, observed, leave, stage, at });
    }

    /// The output of the nearest stage before this one that `is` the wanted built-in.
    pub(super) fn output<T: DeserializeOwned>(
        &self,
        wanted: &str,
        is: impl Fn(&BuiltIn) -> bool,
    ) -> Result<T, Failure> {
        let matches = |stage: &&Stage| match &stage.action {
            Action::Uses(built_in) => is(built_in),
            Action::Run(_) => false,
        };
        let stage = self
            .context
            .run
            .pipeline
            .stages
            .iter()
            .rev()
            .filter(matches)
            .find_map(|stage| self.context.outputs.get(&stage.name));
        let value = stage.ok_or_else(|| {
            let name = &self.context.stage.name;
            Failure::new(FailureClass::UserError, format!("'{name}' has no {wanted} to work with"))
                .with_hint(format!("a stage with 'uses: {wanted}' must be among what it needs"))
        })?;
        serde_json::from_value(value.clone())
            .map_err(failure::agent(&format!("read what {wanted} left")))
    }

    /// Keeps `value` as evidence of the run.
    pub(super) async fn keep(&self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let value = serde_json::to_value(value).map_err(failure::agent("keep evidence"))?;
        self.context.keep_evidence(name, &value).await
    }

    /// Evidence that was kept before, by this attempt or an earlier one.
    pub(super) async fn kept<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let found = self.context.evidence(name).await?;
        found.map(serde_json::from_value).transpose().map_err(failure::agent("read evidence"))
    }

    /// Settles that this run is applied with the environment files at hand.
    pub(super) async fn settle_policy(&self) -> Result<(), Failure> {
        let settled = self.context.store.settle_policy(&self.context.lease, &self.project.policy);
        settled.await.map_err(failure::agent("settle the environment files"))
    }

    /// Tells the log.
    pub(super) fn tell(&self, text: &str) -> Result<(), Failure> {
        self.context.say(Level::Info, text)
    }
}
