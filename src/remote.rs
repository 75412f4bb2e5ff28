//! HTTP to other machines: the agent's own API, a collector of traces.
//!
//! A request goes to the host that was named and to no other: redirects are answers like any other. The way is https, or
//! http to this machine; http to elsewhere only for who says so. Every wait and every body is bounded, and nothing is
//! retried here: whoever asks knows what may be asked twice.

mod events;
mod target;

pub use events::{EventStream, ServerEvent};
pub use target::{Plain, Target};

use crate::clock::{self, Clock};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, combinators::BoxBody};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Connections, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{error::Error, fmt, io, sync::Arc, time::Duration};

/// Time for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Time for a whole answer, or for the head of one that is streamed.
const ANSWER: Duration = Duration::from_secs(60);
/// Largest answer that is read whole.
const LARGEST: usize = 64 * 1024 * 1024;

/// Why something broke off.
type Cause = Box<dyn Error + Send + Sync>;
/// The body of an answer that is read piece by piece.
type Pieces = BoxBody<Bytes, io::Error>;

/// Speaks to one target.
#[derive(Clone)]
pub struct Client {
    connections: Connections<HttpsConnector<HttpConnector>, Full<Bytes>>,
    target: Target,
    clock: Arc<dyn Clock>,
}

/// A target could not be asked, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The address is none.
    #[error("'{0}' is no address: https://HOST or http://127.0.0.1:PORT")]
    Address(String),
    /// The address carries a name or a password.
    #[error("an address holds no name and no password: tokens go into a file or AGENT_TOKEN")]
    Credentials,
    /// The way there can be listened to.
    #[error("http to {0} can be read on the way")]
    Plaintext(String),
    /// This machine trusts nobody.
    #[error("this machine has no root certificates")]
    Roots(#[source] io::Error),
    /// The request is none.
    #[error("the request cannot be sent")]
    Request(#[from] http::Error),
    /// Nobody answered, or the answer broke off.
    #[error("{target} cannot be reached")]
    Unreachable {
        /// Whom.
        target: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Nobody answered in time.
    #[error("{target} did not answer within {within:?}")]
    Late {
        /// Whom.
        target: String,
        /// How long was waited.
        within: Duration,
    },
    /// The answer is larger than is read.
    #[error("the answer of {0} is larger than {LARGEST} bytes")]
    TooLarge(String),
}

impl Client {
    /// Speaks to `target`.
    ///
    /// # Errors
    /// [`RemoteError::Roots`] if the target is reached by https and this machine trusts nobody.
    pub fn new(target: Target, clock: Arc<dyn Clock>) -> Result<Self, RemoteError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| RemoteError::Roots(io::Error::other(error)))?;
        // Reading the roots takes a while; where there is no TLS nobody needs them.
        let config = if target.is_plain() {
            config.with_root_certificates(rustls::RootCertStore::empty())
        } else {
            config.with_native_roots().map_err(RemoteError::Roots)?
        };
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        http.enforce_http(false);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let connections = Connections::builder(TokioExecutor::new()).build(https);
        Ok(Self { connections, target, clock })
    }

    /// Whom it speaks to.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Asks and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// Nobody answered in time, or with too much.
    pub async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, RemoteError> {
        let whole = async {
            let (head, body) = self.begin(request).await?.into_parts();
            let body = Limited::new(body, LARGEST).collect().await;
            let body = body.map_err(|cause| {
                if cause.is::<LengthLimitError>() {
                    RemoteError::TooLarge(self.target.to_string())
                } else {
                    self.unreachable(cause)
                }
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        self.in_time(whole).await
    }

    /// Asks and reads the head of the answer; its body comes piece by piece for as long as it takes.
    ///
    /// # Errors
    /// Nobody answered in time.
    pub async fn open(&self, request: Request<Bytes>) -> Result<Response<Pieces>, RemoteError> {
        self.in_time(self.begin(request)).await
    }

    async fn begin(&self, request: Request<Bytes>) -> Result<Response<Pieces>, RemoteError> {
        let answer = self.connections.request(request.map(Full::new)).await;
        let answer = answer.map_err(|cause| self.unreachable(Box::new(cause)))?;
        Ok(answer.map(|body| body.map_err(io::Error::other).boxed()))
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        let answer = clock::timeout(self.clock.as_ref(), ANSWER, answer).await;
        answer.unwrap_or_else(|clock::Elapsed(within)| {
            Err(RemoteError::Late { target: self.target.to_string(), within })
        })
    }

    fn unreachable(&self, cause: Cause) -> RemoteError {
        RemoteError::Unreachable { target: self.target.to_string(), cause }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("target", &self.target).finish_non_exhaustive()
    }
}
