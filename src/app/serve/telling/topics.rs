//! The topics of environments, each reached with a session that may publish to it and do nothing else.

use super::super::{Tools, project::Trouble};
use crate::{
    app::AppClouds,
    aws::{ErrorClass, Purpose},
    engine::stages::Clouds as _,
    plan,
    report::Alert,
    spec::Environment,
    store::RunRecord,
    telling::{Refusal, Topics, Unheard},
};
use futures_util::future::BoxFuture;

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
        let project = tokio::task::spawn_blocking(move || tools.project_of(&of)).await;
        let project = project.map_err(refused)?.map_err(of_project)?;
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

fn refused(problem: impl std::fmt::Display) -> Unheard {
    Unheard { refusal: Refusal::Refused, problem: format!("{problem:#}") }
}

/// The mirror of this agent may be behind that of the one that ran it: the next look at the repository fetches.
fn of_project(trouble: Trouble) -> Unheard {
    match trouble {
        Trouble::Unfit(why) => refused(why),
        Trouble::Now(why) => Unheard { refusal: Refusal::Unready, problem: format!("{why:#}") },
    }
}

fn of_cloud(error: crate::aws::CloudError) -> Unheard {
    let refusal = match error.class {
        ErrorClass::Throttled | ErrorClass::Unavailable => Refusal::Unanswered,
        ErrorClass::Expired => Refusal::Unready,
        ErrorClass::NotFound
        | ErrorClass::AlreadyExists
        | ErrorClass::Conflict
        | ErrorClass::Denied
        | ErrorClass::Invalid
        | ErrorClass::LimitExceeded
        | ErrorClass::WrongAccount
        | ErrorClass::Other => Refusal::Refused,
    };
    Unheard { refusal, problem: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_mirror_does_not_have_yet_is_no_refusal() {
        let refusal = |trouble| of_project(trouble).refusal;
        let behind = crate::git::GitError::NoSuchCommit("0123456".to_owned());
        assert_eq!(refusal(Trouble::Now(behind.into())), Refusal::Unready);
        assert_eq!(refusal(Trouble::Unfit("no such rule".to_owned())), Refusal::Refused);
    }
}
