//! How to reach a repository.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};
use url::Url;

/// How to reach repositories by URL, beside what git itself is set up with (ssh keys, credential helpers). Clones share
/// the tokens that are exchanged.
#[derive(Clone, Default)]
pub struct Credentials {
    server: Option<Server>,
    ssh: Option<String>,
    repositories: Arc<RwLock<BTreeMap<String, Opened>>>,
}

/// How one repository is opened.
#[derive(Clone, Default)]
struct Opened {
    token: Option<String>,
    /// The file of the authorities that sign its server's certificate.
    authority: Option<PathBuf>,
    exchange: Option<Arc<Exchange>>,
}

/// Gets a token in the place of one that the server does not take any more; nothing if there is no other. May block.
pub type Exchange = dyn Fn(&str) -> Option<String> + Send + Sync;

#[derive(Clone)]
struct Server {
    host: String,
    token: String,
}

impl Credentials {
    /// One token for every repository of one server, and for no other server.
    #[must_use]
    pub fn for_host(host: &str, token: String) -> Self {
        let server = Server { host: host.to_ascii_lowercase(), token };
        Self { server: Some(server), ..Self::default() }
    }

    /// Hosts are reached with this command, in words for a shell, in the place of plain `ssh`.
    #[must_use]
    pub fn through_ssh(self, command: String) -> Self {
        Self { ssh: Some(command), ..self }
    }

    /// From now on the repository at `url` is opened with `token`, whatever opened it before.
    pub fn open(&self, url: &str, token: String) {
        self.change(url, |opened| opened.token = Some(token));
    }

    /// The certificate of the server of the repository at `url` is signed by an authority in this file.
    pub fn trust(&self, url: &str, authority: PathBuf) {
        self.change(url, |opened| opened.authority = Some(authority));
    }

    /// A token of the repository at `url` that is refused is exchanged in this way.
    pub fn exchange_by(&self, url: &str, exchange: Arc<Exchange>) {
        self.change(url, |opened| opened.exchange = Some(exchange));
    }

    /// What opens the repository at `url` in the place of `refused`, if anything does: what somebody else has exchanged
    /// meanwhile, or what is exchanged now. Blocks.
    #[must_use]
    pub fn instead_of(&self, url: &str, refused: &str) -> Option<String> {
        let is_other = |token: &String| token != refused;
        if let Some(token) = self.token(url).filter(is_other) {
            return Some(token);
        }
        let exchange = self.opened(url).exchange?;
        let token = exchange(refused).filter(is_other)?;
        self.open(url, token.clone());
        Some(token)
    }

    fn change(&self, url: &str, change: impl FnOnce(&mut Opened)) {
        let mut repositories = self.repositories.write().unwrap_or_else(PoisonError::into_inner);
        change(repositories.entry(url.to_owned()).or_default());
    }

    fn opened(&self, url: &str) -> Opened {
        let repositories = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        repositories.get(url).cloned().unwrap_or_default()
    }

    /// The token that opens the repository at `url` now, only over https: its own, or its server's, which is at the usual
    /// port.
    #[must_use]
    pub fn token(&self, url: &str) -> Option<String> {
        let parsed = Url::parse(url).ok().filter(|url| url.scheme() == "https")?;
        let of_server = || {
            let server = self.server.as_ref().filter(|_| parsed.port().is_none())?;
            (parsed.host_str() == Some(&*server.host)).then(|| server.token.clone())
        };
        self.opened(url).token.or_else(of_server)
    }

    /// The command that hosts are reached with, if it is not plain `ssh`.
    #[must_use]
    pub fn ssh(&self) -> Option<&str> {
        self.ssh.as_deref()
    }

    /// The file of the authorities that sign the certificate of the server of the repository at `url`, where git is not set
    /// up to trust them.
    #[must_use]
    pub fn authority(&self, url: &str) -> Option<PathBuf> {
        self.opened(url).authority
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server.as_ref().map_or("no server", |server| &server.host);
        let repositories = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Credentials(for {server} and {} repositories)", repositories.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_own_server_over_https_and_nowhere_else() {
        let credentials = Credentials::for_host("GitHub.com", "ghp_hunter2".to_owned());
        let is_told = |url: &str| credentials.token(url).is_some();
        assert!(is_told("https://github.com/acme/model.git"));
        for url in [
            "https://github.com.evil.example/acme/model.git",
            "https://evil.example/github.com/acme/model.git",
            "https://evil.example/?github.com",
            "https://github.com@evil.example/acme/model.git",
            "https://github.com:8443/acme/model.git",
            "ssh://git@github.com/acme/model.git",
            "file:///github.com/acme/model.git",
            "git@github.com:acme/model.git",
        ] {
            assert!(!is_told(url), "{url}");
        }
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }

    #[test]
    fn a_token_that_is_refused_is_exchanged_once_for_all() {
        let url = "https://github.com/acme/model.git";
        let credentials = Credentials::default();
        credentials.open(url, "ghs_1".to_owned());
        assert_eq!(credentials.instead_of(url, "ghs_1"), None, "nobody could exchange it");
        let next = |refused: &str| {
            let number: u8 = refused.strip_prefix("ghs_")?.parse().ok()?;
            (number < 3).then(|| format!("ghs_{}", number + 1)).or(Some(refused.to_owned()))
        };
        credentials.exchange_by(url, Arc::new(next));
        let elsewhere = credentials.clone();
        assert_eq!(credentials.instead_of(url, "ghs_1").as_deref(), Some("ghs_2"));
        assert_eq!(elsewhere.token(url).as_deref(), Some("ghs_2"));
        assert_eq!(elsewhere.instead_of(url, "ghs_1").as_deref(), Some("ghs_2"), "it is known");
        assert_eq!(elsewhere.instead_of(url, "ghs_2").as_deref(), Some("ghs_3"));
        assert_eq!(elsewhere.instead_of(url, "ghs_3"), None, "there is no other");
        assert_eq!(elsewhere.instead_of("https://github.com/acme/other", "ghs_1"), None);
    }

    #[test]
    fn a_repositorys_own_token_goes_to_it_alone_and_can_be_exchanged() {
        let credentials = Credentials::for_host("github.com", "ghp_servers".to_owned());
        let elsewhere = credentials.clone();
        let (model, other) = ("https://github.com/acme/model.git", "https://github.com/acme/other");
        credentials.open(model, "ghs_first".to_owned());
        assert_eq!(elsewhere.token(model).as_deref(), Some("ghs_first"));
        credentials.open(model, "ghs_second".to_owned());
        assert_eq!(elsewhere.token(model).as_deref(), Some("ghs_second"));
        assert_eq!(elsewhere.token(other).as_deref(), Some("ghp_servers"));
        credentials.trust(model, "/etc/agent/authority.pem".into());
        assert_eq!(elsewhere.token(model).as_deref(), Some("ghs_second"));
        assert!(elsewhere.authority(model).is_some() && elsewhere.authority(other).is_none());
        credentials.open("http://github.com/acme/open", "ghs_open".to_owned());
        assert_eq!(elsewhere.token("http://github.com/acme/open"), None);
        assert!(!format!("{credentials:?}").contains("ghs"), "{credentials:?}");
    }
}
