//! What every command on models works at: the environment, its registry, sessions, and what the store knows.

use super::{
    super::{
        Shared,
        failure::CliError,
        source::{Source, SourceArgs, open_app, state_folder},
    },
    Of,
};
use crate::{
    app::{self, App, AppClouds},
    aws::{CloudError, ErrorClass, ModelPackage, Purpose, Session},
    engine::stages::{
        Clouds as _,
        outputs::{Trained, VERDICT_EVIDENCE},
    },
    flow::Event,
    git,
    ids::{Arn, EnvName, RunId},
    model::Verdict,
    project::Project,
    registry,
    spec::Environment,
    store::WatchedExecution,
};
use anyhow::Context as _;

/// The note that says where a version was trained.
const TRAINED_IN: &str = "environment";

/// One environment's registry, read with a session that cannot write.
pub(super) struct Desk {
    pub(super) project: Project,
    pub(super) repository: git::Repository,
    pub(super) app: App,
    clouds: AppClouds,
    who: RunId,
    /// The environment that was named.
    pub(super) name: EnvName,
    /// May read in that environment.
    pub(super) session: Session,
    /// All versions of its group, newest first.
    pub(super) versions: Vec<ModelPackage>,
}

impl Desk {
    pub(super) async fn open(of: &Of, shared: &Shared) -> Result<Self, CliError> {
        let state = state_folder(shared, &of.repo)?;
        let source = SourceArgs::of(&of.repo, Some(of.env.clone()));
        let Source { project, environment: name, repository, .. } = source.resolve(&state)?;
        let app = open_app(&state).await?;
        let clouds =
            AppClouds::open(&project.environments, &app.rehearsal_file(), app.clock.clone())
                .await?;
        let who = app::ad_hoc_run();
        let environment = project.environments.get(&name).context("find the environment")?;
        let session = assume(&clouds, environment, &who, Purpose::Read).await?;
        let group = environment.model_package_group.as_str();
        let versions = registry::versions(&session.sagemaker(), group).await;
        let mut versions =
            versions.map_err(|error| of_cloud(error, "list the versions", environment))?;
        if versions.is_empty() && group_is_elsewhere(environment) {
            versions = seen_by_approver(&clouds, environment, &who).await;
        }
        Ok(Self { project, repository, app, clouds, who, name, session, versions })
    }

    pub(super) fn environment(&self) -> Result<&Environment, CliError> {
        Ok(self.project.environments.get(&self.name).context("find the environment")?)
    }

    /// A session of the environment that was named.
    pub(super) async fn session_for(&self, purpose: Purpose) -> Result<Session, CliError> {
        assume(&self.clouds, self.environment()?, &self.who, purpose).await
    }

    pub(super) fn version(&self, version: i32) -> Result<&ModelPackage, CliError> {
        let found = self.versions.iter().find(|package| package.summary.version == version);
        found.ok_or_else(|| {
            let known = self.versions.iter().map(|package| package.summary.version).collect();
            let refusal = registry::Refusal::NoSuchVersion { version, known };
            CliError::usage(&refusal).hint(refusal.hint())
        })
    }

    /// The environment that uses `package`.
    pub(super) fn used_by(&self, package: &ModelPackage) -> Option<&EnvName> {
        let group = self.environment().ok().map(|environment| &environment.model_package_group);
        let sharing = self.project.environments.values();
        sharing
            .filter(|environment| Some(&environment.model_package_group) == group)
            .map(|environment| &environment.name)
            .find(|name| {
                registry::in_use(&self.versions, name)
                    .is_some_and(|used| used.summary.arn == package.summary.arn)
            })
    }

    /// May read where the version was trained; nothing if that environment is not one of this project.
    pub(super) async fn session_of_training(
        &self,
        package: &ModelPackage,
    ) -> Result<Option<Session>, CliError> {
        let name = package.notes.get(TRAINED_IN).and_then(|name| name.parse::<EnvName>().ok());
        match name.and_then(|name| self.project.environments.get(&name)) {
            None => Ok(None),
            Some(environment) if environment.name == self.name => Ok(Some(self.session.clone())),
            Some(environment) => {
                assume(&self.clouds, environment, &self.who, Purpose::Read).await.map(Some)
            }
        }
    }

    /// What the gate said of the version, if a run that is kept here trained it.
    /// The drift that the version was trained to answer, if a watcher that is kept here started its training.
    pub(super) async fn cause(
        &self,
        package: &ModelPackage,
    ) -> Result<Option<WatchedExecution>, CliError> {
        let Some(training) = &package.generated_by else { return Ok(None) };
        let found = self.app.store.watched_with_training(training).await;
        Ok(found.context("find what the version was trained for")?)
    }

    pub(super) async fn gate_verdict(
        &self,
        package: &ModelPackage,
    ) -> Result<Option<(RunId, Verdict)>, CliError> {
        let execution = package.generated_by.as_deref().and_then(|arn| arn.parse::<Arn>().ok());
        let Some(execution) = execution else { return Ok(None) };
        let store = &self.app.store;
        for run in store.runs_with_execution(&execution).await.context("find the run")? {
            let events = store.events(&run.id).await.context("read the run's events")?;
            let trained = events.iter().any(|stored| trains(&stored.event, &execution));
            let verdict = store.evidence(&run.id, VERDICT_EVIDENCE).await;
            let verdict = verdict.context("read the gate's verdict")?.filter(|_| trained);
            // one of another version of the agent may be unreadable
            if let Some(verdict) = verdict.and_then(|value| serde_json::from_value(value).ok()) {
                return Ok(Some((run.id, verdict)));
            }
        }
        Ok(None)
    }
}

fn trains(event: &Event, execution: &Arn) -> bool {
    match event {
        Event::StageSucceeded { outputs, .. } | Event::StageReused { outputs, .. } => {
            serde_json::from_value::<Trained>(outputs.clone())
                .is_ok_and(|trained| trained.execution == *execution)
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
        | Event::RunFinished { .. } => false,
    }
}

async fn assume(
    clouds: &AppClouds,
    environment: &Environment,
    who: &RunId,
    purpose: Purpose,
) -> Result<Session, CliError> {
    let access = clouds.access(environment).context("reach the registry")?;
    let session = access.assume(environment, who, purpose).await;
    session.map_err(|error| of_cloud(error, "reach the registry", environment))
}

/// Is the registry another account's?
fn group_is_elsewhere(environment: &Environment) -> bool {
    environment.model_package_group.account().is_some_and(|owner| owner != environment.account)
}

/// The versions as who decides about them sees them, in the registry's own account: where another account is shown an
/// empty group, there may be some all the same. Nothing if there is no such role for us.
async fn seen_by_approver(
    clouds: &AppClouds,
    environment: &Environment,
    who: &RunId,
) -> Vec<ModelPackage> {
    let Ok(session) = assume(clouds, environment, who, Purpose::Approve).await else {
        return Vec::new();
    };
    let group = environment.model_package_group.as_str();
    registry::versions(&session.sagemaker(), group).await.unwrap_or_default()
}

/// A refusal of the cloud, with the role that would be allowed.
pub(super) fn of_cloud(
    error: CloudError,
    act: &'static str,
    environment: &Environment,
) -> CliError {
    let hint = match (error.class, error.operation) {
        (ErrorClass::Denied, "UpdateModelPackage") => Some(format!(
            "only {} may decide about models of {}: it needs sagemaker:UpdateModelPackage on the group, and no deployer has that",
            environment.approver_role, environment.name
        )),
        (ErrorClass::Denied | ErrorClass::WrongAccount, _) => Some(format!(
            "reading takes {}; deciding takes {}, in the account of the registry (deploy_role and approver_role in the environment file)",
            environment.deploy_role, environment.approver_role
        )),
        _ => None,
    };
    let told = CliError::from(anyhow::Error::new(error).context(act));
    match hint {
        Some(hint) => told.hint(hint),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(class: ErrorClass, operation: &'static str) -> Option<String> {
        let error = CloudError {
            class,
            code: "AccessDeniedException".to_owned(),
            operation,
            resource: "package".to_owned(),
            message: "no".to_owned(),
        };
        match of_cloud(error, "record the decision", &crate::plan::fixture::environment()) {
            CliError::Plain { hint, .. } => hint,
            CliError::Files { .. } => None,
        }
    }

    #[test]
    fn a_refused_decision_names_the_role_that_may() {
        let hint = told(ErrorClass::Denied, "UpdateModelPackage").unwrap();
        assert!(
            hint.starts_with("only arn:aws:iam::333333333333:role/model-approver may"),
            "{hint}"
        );
        let hint = told(ErrorClass::WrongAccount, "GetCallerIdentity").unwrap();
        assert!(hint.contains("approver_role in the environment file"), "{hint}");
        assert_eq!(told(ErrorClass::Throttled, "UpdateModelPackage"), None);
    }
}
