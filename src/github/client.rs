//! The client: where GitHub is, who asks, and the installation of the App that a repository belongs to.

use super::{
    Class, Credentials, GithubError, RateLimit,
    call::{Answer, Call},
    git_token::GitToken,
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
/// The host of that; the repositories are at github.com.
const API_OF_GITHUB: &str = "api.github.com";
/// Enterprises that GitHub hosts have their interface at `api.NAME.ghe.com` and their repositories at `NAME.ghe.com`.
const HOSTED: &str = ".ghe.com";
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

    /// Where the same server has its pages and repositories.
    fn web_host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        let is_hosted = host == API_OF_GITHUB || host.ends_with(HOSTED);
        host.strip_prefix("api.").filter(|_| is_hosted).unwrap_or(host)
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
    web_host: String,
    pub(super) credentials: Credentials,
    installations: Mutex<BTreeMap<GitHubName, Arc<Octocrab>>>,
    pub(super) git_tokens: Mutex<BTreeMap<GitHubName, GitToken>>,
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
            web_host: address.web_host().to_owned(),
            credentials,
            installations: Mutex::default(),
            git_tokens: Mutex::default(),
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

    /// Is this an address of a repository on the same server?
    #[must_use]
    pub fn is_at_home(&self, source: &Url, slug: &GitHubName) -> bool {
        let path = source.path().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        source.scheme() == "https" && source.host_str() == Some(&*self.web_host) && slug.is(path)
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
    pub(super) async fn installation(&self, slug: &GitHubName) -> Result<u64, GithubError> {
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
    fn repositories_are_where_the_interface_belongs_to() {
        for (api, source, expected) in [
            ("https://api.github.com/", "https://github.com/Octo/Model.git", true),
            ("https://api.github.com/", "https://github.com/octo/model", true),
            ("https://api.github.com/", "https://api.github.com/octo/model", false),
            ("https://api.github.com/", "https://github.com.evil.example/octo/model", false),
            ("https://api.github.com/", "https://github.com/octo/model2.git", false),
            ("https://api.github.com/", "ssh://git@github.com/octo/model.git", false),
            ("https://api.acme.ghe.com/", "https://acme.ghe.com/octo/model.git", true),
            ("https://git.acme.example/api/v3", "https://git.acme.example/octo/model.git", true),
            ("https://api.acme.example/api/v3", "https://acme.example/octo/model.git", false),
        ] {
            let address = Address::of(&Url::parse(api).unwrap()).unwrap();
            let credentials = Credentials::Token("ghp_x".to_owned());
            let clock = Arc::new(crate::clock::SimulatedClock::at(jiff::Timestamp::UNIX_EPOCH));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _inside = runtime.enter();
            let client = Client::new(&address, credentials, clock).unwrap();
            let slug = "octo/model".parse().unwrap();
            assert_eq!(
                client.is_at_home(&Url::parse(source).unwrap(), &slug),
                expected,
                "{source}"
            );
        }
    }

    #[test]
    fn no_token_goes_over_an_open_line() {
        let is = |text: &str| Address::of(&Url::parse(text).unwrap()).is_ok();
        assert!(is("https://github.example.com/api/v3"));
        assert!(is("http://127.0.0.1:8080") && is("http://localhost:1") && is("http://[::1]/"));
        assert!(!is("http://github.example.com/api/v3") && !is("http://10.0.0.1/"));
        assert!(!is("https://user:secret@github.example.com/") && !is("https://a.example/?x=1"));
    }
}
