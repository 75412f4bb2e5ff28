//! How to reach a repository.

use std::fmt;
use url::Url;

/// How to reach repositories by URL, beside what git itself is set up with (ssh keys, credential helpers).
#[derive(Clone, Default)]
pub struct Credentials(Option<OfHost>);

#[derive(Clone)]
struct OfHost {
    host: String,
    token: String,
}

impl Credentials {
    /// One token for every repository of one server, and for no other server.
    #[must_use]
    pub fn for_host(host: &str, token: String) -> Self {
        Self(Some(OfHost { host: host.to_ascii_lowercase(), token }))
    }

    /// The token that opens the repository at `url`; only over https, at the usual port of its own server.
    #[must_use]
    pub fn token(&self, url: &str) -> Option<&str> {
        let OfHost { host, token } = self.0.as_ref()?;
        let url = Url::parse(url).ok()?;
        let is_its_own =
            url.scheme() == "https" && url.host_str() == Some(host) && url.port().is_none();
        is_its_own.then_some(token)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.0.is_some() { "a token" } else { "no token" };
        write!(f, "Credentials({token})")
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
}
