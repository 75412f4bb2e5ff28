//! The client: who asks, and the installation of the App that a repository belongs to.

use super::{
    Address, BadCredentials, Class, Credentials, GithubError, RateLimit,
    address::WebServer,
    call::{Answer, Call},
    git_token::GitToken,
    limits::Limits,
    pace::Pace,
    silence::Silence,
    wire::Wire,
};
use crate::{clock::Clock, ids::GitHubName};
use octocrab::{AuthState, Octocrab, models::InstallationId};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::Mutex;
use url::Url;

/// How an App finds out where it is installed.
const FIND: &str = "find the App's installation";

/// GitHub as the agent sees it. One for all repositories.
pub struct Client {
    wire: Wire,
    web: WebServer,
    identity: RwLock<Identity>,
    /// The token that was read last.
    token: Mutex<Option<String>>,
    installations: Mutex<BTreeMap<GitHubName, Arc<Octocrab>>>,
    pub(super) git_tokens: Mutex<BTreeMap<GitHubName, GitToken>>,
    myself: Mutex<Option<u64>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) limits: Limits,
    pub(super) silence: Silence,
    pub(super) pace: Pace,
}

/// Who asks, and the way in which that is shown.
struct Identity {
    credentials: Credentials,
    crab: Octocrab,
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
        let wire = Wire::to(address)?;
        Ok(Self {
            identity: RwLock::new(wire.identity(credentials)),
            wire,
            web: address.web(),
            token: Mutex::default(),
            installations: Mutex::default(),
            git_tokens: Mutex::default(),
            myself: Mutex::default(),
            clock,
            limits: Limits::default(),
            silence: Silence::default(),
            pace: Pace::default(),
        })
    }

    /// From now on these credentials are shown. What was given for the ones before is used up to its end.
    pub async fn exchange_credentials(&self, credentials: Credentials) {
        let identity = self.wire.identity(credentials);
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity;
        // They would ask for their next tokens with the key before.
        self.installations.lock().await.clear();
    }

    /// What GitHub said last about its limits.
    #[must_use]
    pub fn rate_limit(&self) -> RateLimit {
        self.limits.current()
    }

    /// The number of the App that the agent is, if it is one.
    #[must_use]
    pub fn app_id(&self) -> Option<u64> {
        self.credentials().app_id()
    }

    /// Is this an address on the same server?
    #[must_use]
    pub fn is_its_own(&self, source: &Url) -> bool {
        self.web.has(source)
    }

    /// Is this the address of that repository on the same server?
    #[must_use]
    pub fn is_at_home(&self, source: &Url, slug: &GitHubName) -> bool {
        let path = source.path().trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        self.is_its_own(source) && slug.is(path)
    }

    /// May the agent make check runs? GitHub lets only Apps.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.app_id().is_some()
    }

    /// As the App itself, or the bearer of the token.
    pub(super) fn as_itself(&self) -> Octocrab {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).crab.clone()
    }

    fn credentials(&self) -> Credentials {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).credentials.clone()
    }

    /// The token as it is now; none for an App. One that cannot be read for a while is what it was before.
    pub(super) async fn token(&self) -> Result<Option<String>, BadCredentials> {
        let read = self.credentials().token().await;
        let mut before = self.token.lock().await;
        match (read, before.as_ref()) {
            (Ok(token), _) => {
                before.clone_from(&token);
                Ok(token)
            }
            (Err(_), Some(token)) => Ok(Some(token.clone())),
            (Err(error), None) => Err(error),
        }
    }

    /// As whoever may act in a repository: the App's installation there, or the bearer of the token.
    pub(super) async fn in_repository(
        &self,
        slug: &GitHubName,
    ) -> Result<Arc<Octocrab>, GithubError> {
        if !self.is_app() {
            return Ok(Arc::new(self.as_itself()));
        }
        let mut installations = self.installations.lock().await;
        if let Some(crab) = installations.get(slug) {
            return Ok(Arc::clone(crab));
        }
        let installation = InstallationId(self.installation(slug).await?);
        // Its tokens reach this one repository and no other of the installation.
        let app = self.as_itself();
        let crab = app
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
        let found: Identified = self.ask(&self.as_itself(), &call).await?.read(FIND)?;
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
        let answer = self.ask(&self.as_itself(), &Call::get(OPERATION, &["user"])).await?;
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

impl Wire {
    fn identity(&self, credentials: Credentials) -> Identity {
        let state = match &credentials {
            Credentials::App(app) => AuthState::App(app.auth.clone()),
            Credentials::Token(_) | Credentials::TokenFile(_) => AuthState::None,
        };
        Identity { credentials, crab: self.speak_as(state) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("credentials", &self.credentials()).finish_non_exhaustive()
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
            ("https://acme.example:8443/api/v3", "https://acme.example:8443/octo/model.git", true),
            ("https://acme.example:8443/api/v3", "https://acme.example/octo/model.git", false),
            ("https://acme.example/api/v3", "https://acme.example:8443/octo/model.git", false),
            ("http://127.0.0.1:8080/api/v3", "https://127.0.0.1/octo/model.git", true),
            ("http://127.0.0.1:8080/api/v3", "https://127.0.0.1:8080/octo/model.git", false),
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
}
