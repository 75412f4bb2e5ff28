//! Whom a client speaks to, checked once.

use super::RemoteError;
use std::{fmt, net::IpAddr};
use url::{Host, Url};

/// Whether a way that others can listen to is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// To this machine only.
    ToThisMachine,
    /// To anybody: somebody has said so.
    ToAnybody,
}

/// An address of http or https, without name and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Reads an address.
    ///
    /// # Errors
    /// It is none, holds credentials, or is http to another machine and `plain` does not allow that.
    pub fn parse(text: &str, plain: Plain) -> Result<Self, RemoteError> {
        let refused = || RemoteError::Address(text.chars().take(200).collect());
        // Before anything else, so that no message repeats a password.
        if text.contains('@') {
            return Err(RemoteError::Credentials);
        }
        let url = Url::parse(text).map_err(|_| refused())?;
        let host = url.host().ok_or_else(refused)?;
        let is_here = match host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(four) => IpAddr::V4(four).is_loopback(),
            Host::Ipv6(six) => IpAddr::V6(six).to_canonical().is_loopback(),
        };
        match (url.scheme(), plain) {
            ("https", _) | ("http", Plain::ToAnybody) => {}
            ("http", Plain::ToThisMachine) if is_here => {}
            ("http", Plain::ToThisMachine) => {
                return Err(RemoteError::Plaintext(host.to_string()));
            }
            _ => return Err(refused()),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused());
        }
        Ok(Self(url))
    }

    /// The address of something below it. `path` begins with a slash and is already escaped.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    pub(super) fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_leaves_this_machine_only_if_somebody_says_so() {
        use Plain::{ToAnybody, ToThisMachine};
        for (text, plain, fine) in [
            ("https://agent.example.org", ToThisMachine, true),
            ("https://agent.example.org/ci/", ToThisMachine, true),
            ("http://127.0.0.1:8080", ToThisMachine, true),
            ("http://[::1]:8080/", ToThisMachine, true),
            ("http://localhost:8080", ToThisMachine, true),
            ("http://localhost.example.org", ToThisMachine, false),
            ("http://10.0.0.1:8080", ToThisMachine, false),
            ("http://10.0.0.1:8080", ToAnybody, true),
            ("ftp://127.0.0.1", ToAnybody, false),
            ("agent.example.org", ToAnybody, false),
            ("https://u:p@agent.example.org", ToAnybody, false),
            ("https://agent.example.org?x=1", ToAnybody, false),
        ] {
            assert_eq!(Target::parse(text, plain).is_ok(), fine, "{text}");
        }
        let refused = Target::parse("https://ada:geheim@host", ToAnybody).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("geheim"));
        let target = Target::parse("https://agent.example.org/ci/", ToThisMachine).unwrap();
        assert_eq!(target.at("/api/v1/runs"), "https://agent.example.org/ci/api/v1/runs");
    }
}
