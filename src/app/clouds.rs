//! The way to each environment's cloud: AWS, or the rehearsal in this process.

mod kept;

pub(super) use kept::KeptClouds;

use super::real_scripts::{self, RealScripts, StageCommands};
use crate::{
    aws::Access,
    clock::Clock,
    engine::stages::{Clouds, Door},
    flow::Failure,
    foundation::Scope,
    ids::{AccountId, Arn, EnvName},
    rehearsal::{BaseCredentials, Landscape, Rehearsal},
    spec::{Cloud, Environment, FailureClass},
};
use anyhow::Context as _;
use futures_util::future::BoxFuture;
use std::{collections::BTreeMap, future::pending, io, path::Path, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// The rehearsal moves when it is looked at; a pause lets a person see it move and costs a run next to nothing.
const REHEARSAL_POLL: Duration = Duration::from_millis(1);
/// An emulator on this machine shares its quota with nobody, and its jobs take seconds.
const EMULATOR_POLL: Duration = Duration::from_millis(250);
/// SageMaker jobs take minutes; a look costs an API call of a shared quota.
const AWS_POLL: Duration = Duration::from_secs(15);

/// The clouds of one project's environments.
#[derive(Debug, Clone)]
pub struct AppClouds {
    rehearsal: Option<(Rehearsal, Access)>,
    clock: Arc<dyn Clock>,
    aws: Option<Access>,
}

impl AppClouds {
    /// Opens what the environments need: nothing of AWS where all are rehearsed, and the other way round.
    ///
    /// # Errors
    /// The rehearsal's file cannot be opened.
    pub async fn open(
        environments: &BTreeMap<EnvName, Environment>,
        file: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let uses = |cloud| environments.values().any(|environment| environment.cloud == cloud);
        let rehearsed = if uses(Cloud::Rehearsal) {
            Some(open_rehearsal(environments, file, clock.clone()).await?)
        } else {
            None
        };
        let aws = if uses(Cloud::Aws) { Some(Access::aws().await) } else { None };
        Ok(Self::with(rehearsed, aws, clock))
    }

    /// Opens the one cloud that the environments of `scope` share; a rehearsed one is laid out in their order.
    ///
    /// # Errors
    /// The rehearsal's file cannot be opened.
    pub async fn open_for(
        scope: &Scope,
        file: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let cloud = scope.target().map(|member| member.environment.cloud).unwrap_or_default();
        Ok(match cloud {
            Cloud::Rehearsal => {
                let landscape = Landscape::of(&scope.members);
                let rehearsal = rehearsal_in(landscape, file, clock.clone()).await?;
                Self::with(Some(rehearsal), None, clock)
            }
            Cloud::Aws => Self::with(None, Some(Access::aws().await), clock),
        })
    }

    fn with(rehearsed: Option<Rehearsal>, aws: Option<Access>, clock: Arc<dyn Clock>) -> Self {
        let rehearsal = rehearsed.map(|rehearsal| {
            let access = access_to(&rehearsal, clock.clone());
            (rehearsal, access)
        });
        Self { rehearsal, clock, aws }
    }

    /// The way into one account for whoever administers it: in the rehearsal an administrator of that account, in AWS
    /// whoever the caller is.
    ///
    /// # Errors
    /// The environment's cloud was not opened.
    pub fn administrator(
        &self,
        environment: &Environment,
        account: &AccountId,
    ) -> Result<Access, Failure> {
        match (environment.cloud, &self.rehearsal) {
            (Cloud::Rehearsal, Some((rehearsal, _))) => {
                let keys = Rehearsal::administrator_credentials(account);
                Ok(access_with(rehearsal, &keys, self.clock.clone()))
            }
            (Cloud::Rehearsal | Cloud::Aws, _) => self.access(environment),
        }
    }
}

/// The way into a rehearsed cloud, as the agent's own role.
pub(super) fn access_to(rehearsal: &Rehearsal, clock: Arc<dyn Clock>) -> Access {
    access_with(rehearsal, &Rehearsal::base_credentials(), clock)
}

/// The role that the agent has in the rehearsal.
#[must_use]
pub fn rehearsed_agent() -> Option<Arn> {
    crate::rehearsal::agent_principal().parse().ok()
}

fn access_with(rehearsal: &Rehearsal, keys: &BaseCredentials, clock: Arc<dyn Clock>) -> Access {
    let (id, secret) = (&keys.access_key_id, &keys.secret_access_key);
    let access = Access::through(rehearsal.http_client(), id, secret);
    access.with_time(Arc::new(move || clock.now()))
}

/// Opens the rehearsed cloud with the accounts, roles and buckets that the rehearsed environments name. Its jobs run in
/// the Python that was chosen for it, or in the stand-ins.
///
/// # Errors
/// The file cannot be opened, or is of another version.
pub async fn open_rehearsal(
    environments: &BTreeMap<EnvName, Environment>,
    file: &Path,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Rehearsal> {
    let rehearsed: Vec<Environment> =
        environments.values().filter(|e| e.cloud == Cloud::Rehearsal).cloned().collect();
    rehearsal_in(Landscape::from(&rehearsed), file, clock).await
}

async fn rehearsal_in(
    landscape: Landscape,
    file: &Path,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Rehearsal> {
    let rehearsal = Rehearsal::open(file, landscape, Arc::new(move || clock.now()))
        .await
        .context("open the rehearsal (if its file is damaged: `agent rehearsal reset`)")?;
    let (jobs, python) = (file.with_file_name(super::JOBS_FOLDER), real_scripts::kept(file)?);
    let commands = StageCommands::new(&jobs, python.as_deref());
    let rehearsal = rehearsal.with_commands(Arc::new(commands));
    Ok(match python {
        Some(python) => {
            rehearsal.with_containers(Arc::new(RealScripts::open(&python, &jobs).await?))
        }
        None => rehearsal,
    })
}

impl Clouds for AppClouds {
    fn access(&self, environment: &Environment) -> Result<Access, Failure> {
        let access = match environment.cloud {
            Cloud::Rehearsal => self.rehearsal.as_ref().map(|(_, access)| access),
            Cloud::Aws => self.aws.as_ref(),
        };
        access.cloned().ok_or_else(|| {
            let name = &environment.name;
            let message = format!("the cloud of '{name}' was not opened");
            Failure::new(FailureClass::AgentError, message)
        })
    }

    fn poll_interval(&self, environment: &Environment) -> Duration {
        match environment.cloud {
            Cloud::Rehearsal => REHEARSAL_POLL,
            Cloud::Aws if environment.is_here() => EMULATOR_POLL,
            Cloud::Aws => AWS_POLL,
        }
    }

    fn door<'a>(
        &'a self,
        environment: &'a Environment,
    ) -> BoxFuture<'a, Result<Option<Door>, Failure>> {
        let rehearsal = match (environment.cloud, &self.rehearsal) {
            (Cloud::Rehearsal, Some((rehearsal, _))) => Some(rehearsal.clone()),
            (Cloud::Rehearsal, None) | (Cloud::Aws, _) => None,
        };
        Box::pin(async {
            let Some(rehearsal) = rehearsal else { return Ok(None) };
            let opened = open_door(rehearsal).await;
            opened.map(Some).map_err(|error| {
                let message = format!("cannot serve the rehearsal to a command: {error}");
                Failure::new(FailureClass::AgentError, message)
            })
        })
    }
}

/// The rehearsal on a loopback port, for the commands that are lent credentials in it.
async fn open_door(rehearsal: Rehearsal) -> io::Result<Door> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    let serving = async move {
        let served = rehearsal.serve(listener, pending()).await;
        served.map_err(io::Error::other)
    };
    Ok(Door { address, serving: Box::pin(serving) })
}
