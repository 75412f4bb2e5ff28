//! How to reach a repository.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};
use url::Url;

/// How to reach repositories by URL, beside what git itself is set up with (ssh keys, credential helpers). Clones share
/// the tokens that are exchanged.
#[derive(Clone, Default)]
pub struct Credentials {
    server: Option<Server>,
    repositories: Arc<RwLock<BTreeMap<String, String>>>,
}

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

    /// From now on the repository at `url` is opened with `token`, whatever opened it before.
    pub fn open(&self, url: &str, token: String) {
        let mut repositories = self.repositories.write().unwrap_or_else(PoisonError::into_inner);
        repositories.insert(url.to_owned(), token);
    }

    /// The token that opens the repository at `url` now: its own, or its server's. Only over https, at the usual port.
    #[must_use]
    pub fn token(&self, url: &str) -> Option<String> {
        let parsed = Url::parse(url).ok()?;
        if parsed.scheme() != "https" || parsed.port().is_some() {
            return None;
        }
        let repositories = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        let of_server = || {
            let server = self.server.as_ref()?;
            (parsed.host_str() == Some(&*server.host)).then(|| server.token.clone())
        };
        repositories.get(url).cloned().or_else(of_server)
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
    fn a_repositorys_own_token_goes_to_it_alone_and_can_be_exchanged() {
        let credentials = Credentials::for_host("github.com", "ghp_servers".to_owned());
        let elsewhere = credentials.clone();
        let (model, other) = ("https://github.com/acme/model.git", "https://github.com/acme/other");
        credentials.open(model, "ghs_first".to_owned());
        assert_eq!(elsewhere.token(model).as_deref(), Some("ghs_first"));
        credentials.open(model, "ghs_second".to_owned());
        assert_eq!(elsewhere.token(model).as_deref(), Some("ghs_second"));
        assert_eq!(elsewhere.token(other).as_deref(), Some("ghp_servers"));
        credentials.open("http://github.com/acme/open", "ghs_open".to_owned());
        assert_eq!(elsewhere.token("http://github.com/acme/open"), None);
        assert!(!format!("{credentials:?}").contains("ghs"), "{credentials:?}");
    }
}
