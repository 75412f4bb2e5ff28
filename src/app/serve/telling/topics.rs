//! The topics of environments, each reached with a session that may publish to it and do nothing else.

use super::super::Tools;
use crate::{
    app::{AppClouds, project_of},
    aws::{ErrorClass, Purpose},
    engine::stages::Clouds as _,
    plan,
    project::Project,
    report::Alert,
    spec::Environment,
    store::RunRecord,
    telling::{Refusal, Topics, Unheard},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The topics of the environments of runs.
pub(super) struct RunTopics {
    pub(super) tools: Tools,
}

impl Topics for RunTopics {
    fn publish<'a>(
        &'a self,
        run: &'a RunRecord,
        alert: &'a Alert,
    ) -> BoxFuture<'a, Result<(), Unheard>> {
        Box::pin(self.publish_to(run, alert))
    }
}

impl RunTopics {
    async fn publish_to(&self, run: &RunRecord, alert: &Alert) -> Result<(), Unheard> {
        let (tools, of) = (self.tools.clone(), run.clone());
        let project = tokio::task::spawn_blocking(move || project(&tools, &of)).await;
        let project = project.map_err(refused)?.map_err(refused)?;
        let environment = project.environments.get(&run.environment);
        let environment = environment.ok_or_else(|| refused("its environment is gone"))?;
        let clouds = self.tools.app.clouds(&project.environments).await.map_err(refused)?;
        self.say(&clouds, environment, (run, alert)).await
    }

    async fn say(
        &self,
        clouds: &AppClouds,
        environment: &Environment,
        (run, alert): (&RunRecord, &Alert),
    ) -> Result<(), Unheard> {
        let access = clouds.access(environment).map_err(refused)?;
        let session =
            access.assume(environment, &run.id, Purpose::Alert).await.map_err(of_cloud)?;
        let topic = plan::alert_topic_arn(environment);
        session.sns().publish(&topic, &alert.subject, &alert.text).await.map_err(of_cloud)
    }
}

fn project(tools: &Tools, run: &RunRecord) -> anyhow::Result<Arc<Project>> {
    let project = project_of(&tools.open(&run.repository)?, run, &tools.projects);
    project.context("read the run's project")
}

fn refused(problem: impl std::fmt::Display) -> Unheard {
    Unheard { refusal: Refusal::Refused, problem: format!("{problem:#}") }
}

fn of_cloud(error: crate::aws::CloudError) -> Unheard {
    let refusal = match error.class {
        ErrorClass::Throttled | ErrorClass::Unavailable => Refusal::Unanswered,
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Conflict
        | ErrorClass::Denied
        | ErrorClass::Expired
        | ErrorClass::Invalid
        | ErrorClass::LimitExceeded
        | ErrorClass::WrongAccount
        | ErrorClass::Other => Refusal::Refused,
    };
    Unheard { refusal, problem: error.to_string() }
}
