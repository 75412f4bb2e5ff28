//! An AWS for the laptop: STS, S3, Lambda, SageMaker, EventBridge, SNS and CloudWatch Logs, as much
//! of them as promoting a model takes, and as much of IAM and KMS as looking at roles and keys takes.
//!
//! It speaks the wire of AWS, so the same adapters, plans and applies run against it as against AWS:
//! in-process as the SDK's HTTP client ([`Rehearsal::http_client`]), or on a loopback port for the AWS
//! CLI and any SDK ([`Rehearsal::serve`]). Where other emulators are lax it is strict: limits, patterns
//! and error codes are AWS's. Signatures are not verified, only the access key id counts; that is why
//! it serves loopback addresses alone.
//!
//! Invariant: each request is one transaction on one SQLite file; a request that fails, is dropped or
//! dies with the process leaves no trace.

mod call;
mod check;
mod client;
mod endpoint;
mod events;
mod fault;
mod iam;
mod kms;
mod lambda;
mod landscape;
mod logs;
mod place;
mod policy;
mod principal;
mod s3;
mod sagemaker;
mod shelf;
mod sns;
mod standin;
mod sts;
mod time;
mod wire;

pub use call::Call;
pub use fault::ServiceError;
pub use lambda::Deployed;
pub use landscape::{Bucket, Landscape, Role, Service, TOOLS_ACCOUNT, agent_principal};
pub use place::Place;
pub use policy::{MalformedPolicy, Policy};
pub use principal::{Principal, RoleSession};
pub use s3::{NewObject, Object};
pub use shelf::{Blob, Item, OpenError, Shelf, ShelfError};

use crate::ids::{AccountId, Digest};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
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

/// The running rehearsal; clones share it.
#[derive(Clone)]
pub struct Rehearsal(Arc<Inside>);

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
        Ok(Self(Arc::new(Inside { landscape, now, connection, requests: AtomicU64::new(0) })))
    }

    /// The rehearsal as the HTTP client of an AWS SDK configuration. No socket is used.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        client::in_process(self)
    }

    /// The rehearsal as a web service.
    pub fn router(&self) -> axum::Router {
        wire::router(self.clone())
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

    fn landscape(&self) -> &Landscape {
        &self.0.landscape
    }

    /// A request id: unlike every other of this process, and the same in the same test.
    fn request_id(&self) -> String {
        let number = self.0.requests.fetch_add(1, Ordering::Relaxed);
        let digest = Digest::of(format!("{} {number}", self.now()));
        let (id, _) = digest.as_str().split_at(32);
        uuid::Uuid::try_parse(id).unwrap_or_default().to_string()
    }

    fn now(&self) -> Timestamp {
        (self.0.now)()
    }
}

impl std::fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rehearsal")
    }
}
