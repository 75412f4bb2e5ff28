//! The way to GitHub's interface: connections, and what every request says beside who asks.

use super::{Address, Class, GithubError};
use http::{HeaderName, HeaderValue, Uri, header};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use octocrab::{
    AuthState, OctoBody, Octocrab, OctocrabBuilder,
    service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer},
};
use rustls::ClientConfig;
use std::sync::Arc;

/// The version of the REST interface that was programmed against.
const API_VERSION: &str = "2022-11-28";
/// What the agent calls itself.
const USER_AGENT: &str = concat!("relevo/", env!("CARGO_PKG_VERSION"));

/// Connections to one server, whoever speaks over them.
pub(super) struct Wire {
    connections: Client<HttpsConnector<HttpConnector>, OctoBody>,
    base: Uri,
}

impl Wire {
    /// The way to `address`. Nothing is said yet.
    ///
    /// # Errors
    /// [`Class::Broken`] if this machine has no certificates to trust.
    pub(super) fn to(address: &Address) -> Result<Self, GithubError> {
        let broken = |problem: String| GithubError::new(Class::Broken, "connect", problem);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(error.to_string()))?;
        let config = match &address.authorities {
            Some(authorities) => config.with_root_certificates(Arc::clone(authorities)),
            None => config
                .with_native_roots()
                .map_err(|error| broken(format!("no certificates to trust: {error}")))?,
        };
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config.with_no_client_auth())
            .https_or_http()
            .enable_http1()
            .build();
        let base = address.url.as_str().trim_end_matches('/').parse::<Uri>();
        let base = base.map_err(|error| broken(error.to_string()))?;
        Ok(Self { connections: Client::builder(TokioExecutor::new()).build(connector), base })
    }

    /// Speaks over it as somebody.
    pub(super) fn speak_as(&self, state: AuthState) -> Octocrab {
        let headers = vec![
            (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
            (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
            (
                HeaderName::from_static("x-github-api-version"),
                HeaderValue::from_static(API_VERSION),
            ),
        ];
        let built = OctocrabBuilder::new_empty()
            .with_service(self.connections.clone())
            .with_layer(&BaseUriLayer::new(self.base.clone()))
            .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
            .with_auth(state)
            .build();
        match built {
            Ok(crab) => crab,
            Err(never) => match never {},
        }
    }
}
