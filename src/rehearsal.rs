//! An AWS for the laptop: STS, S3, Lambda, SageMaker, EventBridge, SNS and CloudWatch Logs, as much
//! of them as promoting a model takes, and as much of IAM, KMS and ECR as looking at roles, keys and images takes.
//!
//! It speaks the wire of AWS, so the same adapters, plans and applies run against it as against AWS:
//! in-process as the SDK's HTTP client ([`Rehearsal::http_client`]), or on a loopback port for the AWS
//! CLI and any SDK ([`Rehearsal::serve`]). Where other emulators are lax it is strict: limits, patterns
//! and error codes are AWS's. Signatures are not verified, only the access key id counts; that is why
//! it serves loopback addresses alone.
//!
//! Invariant: each request is one transaction on one SQLite file; a request that fails, is dropped or
//! dies with the process leaves no trace. What was due before it, such as a schedule, happens first, in a transaction
//! of its own. Only what containers run may take longer than a transaction may. The command of a Processing job runs
//! between two, and the job of a pipeline's step, where it takes its time (`aside`), between two tries of the same one.

mod aside;
mod call;
mod check;
mod client;
mod containers;
mod ecr;
mod endpoint;
mod events;
mod fault;
mod iam;
mod inbox;
mod kms;
mod lambda;
mod landscape;
mod logs;
mod manners;
mod place;
mod policy;
mod principal;
mod s3;
mod sagemaker;
mod shelf;
mod sns;
mod standin;
mod sts;
mod tick;
mod time;
mod transaction;
mod wire;

pub use call::Call;
pub use containers::{
    Cloud, Commands, Containers, Files, Hand, Invocation, InvokeError, JobFailure, Processing,
    Question, Raised, Ran, Scoring, Training, Turn,
};
pub use events::RuleMetrics;
pub use fault::ServiceError;
pub use inbox::{Confirmed, Fate, Message, Obstacle};
pub use lambda::Deployed;
pub use landscape::{Bucket, Landscape, Role, Service, TOOLS_ACCOUNT, Tagging, agent_principal};
pub use manners::{Fault, Repeats};
pub use place::Place;
pub use policy::{MalformedPolicy, Policy};
pub use principal::{Principal, RoleSession};
pub use s3::{NewObject, Object};
pub use shelf::{Blob, Item, OpenError, Shelf, ShelfError};
pub use standin::{pack_model, unpack_model};
pub use tick::Activity;

use events::{NewEvent, emit};

use crate::ids::{AccountId, Digest};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use call::Ground;
use jiff::Timestamp;
use manners::Manners;
use std::{
    future::Future,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Mutex;

/// Tells the time; passed in, so that tests own it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The running rehearsal; clones share it, each with manners and containers of its own.
#[derive(Clone)]
pub struct Rehearsal {
    inside: Arc<Inside>,
    manners: Manners,
    containers: Arc<dyn Containers>,
    commands: Option<Arc<dyn Commands>>,
}

struct Inside {
    landscape: Landscape,
    now: Now,
    connection: Mutex<sqlx::SqliteConnection>,
    requests: AtomicU64,
}

/// A pair of keys as the SDK wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseCredentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key; any text does, as signatures are not verified.
    pub secret_access_key: String,
}

/// The rehearsal could not be put on a port.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Whoever reaches the port may do everything, so only this machine may reach it.
    #[error("the rehearsal serves loopback addresses only, not {0}")]
    NotLoopback(std::net::SocketAddr),
    /// The listener failed.
    #[error("the rehearsal's listener failed")]
    Listener(#[from] std::io::Error),
}

impl Rehearsal {
    /// Opens the state file at `path`, or makes it.
    ///
    /// # Errors
    /// The file cannot be opened, is not a rehearsal's or is another version's.
    pub async fn open(path: &Path, landscape: Landscape, now: Now) -> Result<Self, OpenError> {
        let connection = Mutex::new(shelf::open(path).await?);
        let requests = AtomicU64::new(0);
        let inside = Arc::new(Inside { landscape, now, connection, requests });
        let containers = Arc::new(containers::StandIns);
        Ok(Self { inside, manners: Manners::default(), containers, commands: None })
    }

    /// The same rehearsal, whose jobs run in these containers instead of the stand-ins.
    #[must_use]
    pub fn with_containers(mut self, containers: Arc<dyn Containers>) -> Self {
        self.containers = containers;
        self
    }

    /// The same rehearsal, which runs the commands of Processing jobs. Whoever reaches it through a port has none run.
    #[must_use]
    pub fn with_commands(mut self, commands: Arc<dyn Commands>) -> Self {
        self.commands = Some(commands);
        self
    }

    /// The same rehearsal, where events come as often as this.
    #[must_use]
    pub fn with_repeats(mut self, repeats: Repeats) -> Self {
        self.manners.repeats = repeats;
        self
    }

    /// The same rehearsal, where the targets of rules are in trouble. Other handles on it see them well: to end the
    /// trouble, use one of those.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.manners.fault = Some(fault);
        self
    }

    /// The rehearsal as the HTTP client of an AWS SDK configuration. No socket is used.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        client::in_process(self)
    }

    /// The rehearsal as a web service. Its port is open to everybody on the machine, so it runs nobody's commands.
    pub fn router(&self) -> axum::Router {
        wire::router(Self { commands: None, ..self.clone() })
    }

    /// Serves on `listener` until `shutdown` completes.
    ///
    /// # Errors
    /// The listener is not on a loopback address, or fails.
    pub async fn serve(
        &self,
        listener: tokio::net::TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let address = listener.local_addr()?;
        if !address.ip().is_loopback() {
            return Err(ServeError::NotLoopback(address));
        }
        Ok(axum::serve(listener, self.router()).with_graceful_shutdown(shutdown).await?)
    }

    /// The keys of the agent's own role, which may assume the roles that trust it.
    #[must_use]
    pub fn base_credentials() -> BaseCredentials {
        BaseCredentials {
            access_key_id: principal::AGENT_KEY.to_owned(),
            secret_access_key: "rehearsal".to_owned(),
        }
    }

    /// The keys of an administrator of `account`, as people use them with the AWS CLI.
    #[must_use]
    pub fn administrator_credentials(account: &AccountId) -> BaseCredentials {
        BaseCredentials {
            access_key_id: account.to_string(),
            secret_access_key: "rehearsal".to_owned(),
        }
    }

    /// What every call of this moment has in common.
    fn ground(&self) -> Ground<'_> {
        Ground {
            landscape: &self.inside.landscape,
            containers: self.containers.as_ref(),
            commands: self.commands.as_deref(),
            manners: self.manners,
            now: self.now(),
        }
    }

    /// A request id: unlike every other of this process, and the same in the same test.
    fn request_id(&self) -> String {
        let number = self.inside.requests.fetch_add(1, Ordering::Relaxed);
        let digest = Digest::of(format!("{} {number}", self.now()));
        let (id, _) = digest.as_str().split_at(32);
        uuid::Uuid::try_parse(id).unwrap_or_default().to_string()
    }

    fn now(&self) -> Timestamp {
        (self.inside.now)()
    }
}

impl std::fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehearsal")
    }
}
