//! How to reach a repository.

use super::GitError;
use std::{fmt, sync::Arc};
use url::Url;

/// How to reach repositories by URL, beside what git itself is set up with (ssh keys, credential helpers).
#[derive(Clone, Default)]
pub struct Credentials(Option<Arc<dyn Tokens>>);

/// Knows the tokens that open repositories over https.
pub trait Tokens: Send + Sync {
    /// The token that opens the repository at `url` now; nothing if it is opened without one, or by somebody else's.
    /// Asked before each contact, so that one that is about to expire is exchanged. May block.
    ///
    /// # Errors
    /// Why there is none although there should be, one clause without a full stop.
    fn token(&self, url: &str) -> Result<Option<String>, String>;
}

impl Credentials {
    /// Those that `tokens` knows.
    #[must_use]
    pub fn of(tokens: Arc<dyn Tokens>) -> Self {
        Self(Some(tokens))
    }

    /// One token for every repository of one server, and for no other server.
    #[must_use]
    pub fn for_host(host: &str, token: String) -> Self {
        Self::of(Arc::new(OfHost { host: host.to_ascii_lowercase(), token }))
    }

    /// The token that opens the repository at `url` now. May block.
    ///
    /// # Errors
    /// [`GitError::Unreachable`], if there should be one and is none.
    pub fn token(&self, url: &str) -> Result<Option<String>, GitError> {
        let Some(tokens) = self.0.as_ref().filter(|_| url.starts_with("https://")) else {
            return Ok(None);
        };
        let told = tokens.token(url);
        told.map_err(|reason| GitError::Unreachable { url: url.to_owned(), reason })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = if self.0.is_some() { "tokens" } else { "no token" };
        write!(f, "Credentials({token})")
    }
}

struct OfHost {
    host: String,
    token: String,
}

impl Tokens for OfHost {
    fn token(&self, url: &str) -> Result<Option<String>, String> {
        let parsed = Url::parse(url).ok();
        let is_host = parsed.as_ref().and_then(Url::host_str) == Some(self.host.as_str());
        let is_usual = parsed.as_ref().is_some_and(|url| url.port().is_none());
        Ok((is_host && is_usual).then(|| self.token.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_its_own_server_over_https_and_nowhere_else() {
        let credentials = Credentials::for_host("GitHub.com", "ghp_hunter2".to_owned());
        let is_told = |url: &str| credentials.token(url).unwrap().is_some();
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
