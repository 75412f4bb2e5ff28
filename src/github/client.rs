//! The client: where GitHub is, who asks, and the installation of the App that a repository belongs to.

use super::{
    Class, Credentials, GithubError, RateLimit,
    call::{Answer, Call},
    limits::Limits,
    pace::Pace,
};
use crate::{clock::Clock, ids::GitHubName};
use http::{HeaderValue, Method, header};
use hyper_util::{client::legacy, rt::TokioExecutor};
use octocrab::{
    AuthState, OctoBody, Octocrab, OctocrabBuilder,
    models::InstallationId,
    service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};
use tokio::sync::Mutex;
use url::{Host, Url};

/// Where GitHub's REST interface is unless an enterprise has its own.
const GITHUB: &str = "https://api.github.com/";
/// The version of the REST interface that was programmed against.
const API_VERSION: &str = "2022-11-28";
/// How an App finds out where it is installed.
const FIND: &str = "find the App's installation";
/// What the agent calls itself.
const USER_AGENT: &str = concat!("relevo/", env!("CARGO_PKG_VERSION"));

/// The address of GitHub's REST interface: https, or http on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// An address that no token may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of GitHub's API must be https, without user, query or fragment")]
pub struct BadAddress;

impl Address {
    /// An enterprise's own, such as `https://github.example.com/api/v3`.
    ///
    /// # Errors
    /// [`BadAddress`].
    pub fn of(url: &Url) -> Result<Self, BadAddress> {
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
            None => false,
        };
        let secure = url.scheme() == "https" || (url.scheme() == "http" && local);
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if secure && bare { Ok(Self(url.clone())) } else { Err(BadAddress) }
    }

    /// github.com's.
    ///
    /// # Errors
    /// Never; the address is a constant.
    pub fn github() -> Result<Self, BadAddress> {
        Url::parse(GITHUB).map_err(|_| BadAddress).and_then(|url| Self::of(&url))
    }
}

/// GitHub as the agent sees it. One for all repositories.
pub struct Client {
    crab: Octocrab,
    pub(super) credentials: Credentials,
    installations: Mutex<BTreeMap<GitHubName, Arc<Octocrab>>>,
    myself: Mutex<Option<u64>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
}

impl Client {
    /// A client at `address`. Nothing is asked yet.
    ///
    /// # Errors
    /// [`Class::Broken`] if this machine has no certificates to trust.
    pub fn new(
        address: &Address,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GithubError> {
        let state = match &credentials {
            Credentials::App(app) => AuthState::App(app.auth.clone()),
            Credentials::Token(_) | Credentials::TokenFile(_) => AuthState::None,
        };
        Ok(Self {
            crab: connect(address, state)?,
            credentials,
            installations: Mutex::default(),
            myself: Mutex::default(),
            clock,
            limits: Limits::default(),
            pace: Pace::default(),
        })
    }

    /// What GitHub said last about its limits.
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        self.limits.current()
    }

    /// The number of the App that the agent is, if it is one.
    #[must_use]
    pub fn app_id(&self) -> Option<u64> {
        self.credentials.app_id()
    }

    /// May the agent make check runs? GitHub lets only Apps.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.credentials.app_id().is_some()
    }

    /// As the App itself, or the bearer of the token.
    pub(super) fn as_itself(&self) -> &Octocrab {
        &self.crab
    }

    /// As whoever may act in a repository: the App's installation there, or the bearer of the token.
    pub(super) async fn in_repository(
        &self,
        slug: &GitHubName,
    ) -> Result<Arc<Octocrab>, GithubError> {
        if !self.is_app() {
            return Ok(Arc::new(self.crab.clone()));
        }
        let mut installations = self.installations.lock().await;
        if let Some(crab) = installations.get(slug) {
            return Ok(Arc::clone(crab));
        }
        let installation = InstallationId(self.installation(slug).await?);
        // Its tokens reach this one repository and no other of the installation.
        let crab = self
            .crab
            .installation_builder(installation)
            .repositories(vec![slug.name().to_owned()])
            .build()
            .map_err(|_| GithubError::new(Class::Broken, FIND, "these are no App's"))?;
        let crab = Arc::new(crab);
        installations.insert(slug.clone(), Arc::clone(&crab));
        Ok(crab)
    }

    /// The number of the App's installation that has the repository.
    async fn installation(&self, slug: &GitHubName) -> Result<u64, GithubError> {
        let call = Call::get(FIND, &["repos", slug.owner(), slug.name(), "installation"]);
        let found: Identified = self.ask(&self.crab, &call).await?.read(FIND)?;
        Ok(found.id)
    }

    /// Asks within a repository. An installation that is gone is looked for anew the next time.
    pub(super) async fn within(
        &self,
        slug: &GitHubName,
        call: &Call,
    ) -> Result<Answer, GithubError> {
        let crab = self.in_repository(slug).await?;
        let answer = self.ask(&crab, call).await;
        if let Err(GithubError { class: Class::Unauthorized, .. }) = &answer {
            self.installations.lock().await.remove(slug);
        }
        answer
    }

    /// The id of the user whose token it is.
    pub(super) async fn user(&self) -> Result<u64, GithubError> {
        let mut myself = self.myself.lock().await;
        if let Some(id) = *myself {
            return Ok(id);
        }
        const OPERATION: &str = "ask whose token it is";
        let answer = self.ask(&self.crab, &Call::get(OPERATION, &["user"])).await?;
        let found: Identified = answer.read(OPERATION)?;
        *myself = Some(found.id);
        Ok(found.id)
    }
}

/// Whatever has an id.
#[derive(Debug, Deserialize)]
pub(super) struct Identified {
    pub(super) id: u64,
}

fn connect(address: &Address, state: AuthState) -> Result<Octocrab, GithubError> {
    let broken = |problem: String| GithubError::new(Class::Broken, "connect", problem);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)
        .map_err(|error| broken(format!("no certificates to trust: {error}")))?
        .https_or_http()
        .enable_http1()
        .build();
    let base = address.0.as_str().trim_end_matches('/').parse::<http::Uri>();
    let base = base.map_err(|error| broken(error.to_string()))?;
    let http = legacy::Client::builder(TokioExecutor::new()).build::<_, OctoBody>(connector);
    let headers = vec![
        (header::USER_AGENT, HeaderValue::from_static(USER_AGENT)),
        (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (
            header::HeaderName::from_static("x-github-api-version"),
            HeaderValue::from_static(API_VERSION),
        ),
    ];
    let built = OctocrabBuilder::new_empty()
        .with_service(http)
        .with_layer(&BaseUriLayer::new(base))
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_auth(state)
        .build();
    match built {
        Ok(crab) => Ok(crab),
        Err(never) => match never {},
    }
}

impl Call {
    /// Does it change something?
    pub(super) fn is_change(&self) -> bool {
        self.method != Method::GET
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_token_goes_over_an_open_line() {
        let is = |text: &str| Address::of(&Url::parse(text).unwrap()).is_ok();
        assert!(is("https://github.example.com/api/v3"));
        assert!(is("http://127.0.0.1:8080") && is("http://localhost:1") && is("http://[::1]/"));
        assert!(!is("http://github.example.com/api/v3") && !is("http://10.0.0.1/"));
        assert!(!is("https://user:secret@github.example.com/") && !is("https://a.example/?x=1"));
    }
}
