//! Where GitHub is: its REST interface, and the server of its pages and repositories.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{net::IpAddr, sync::Arc};
use url::{Host, Url};

/// Where GitHub's REST interface is unless an enterprise has its own.
const GITHUB: &str = "https://api.github.com/";
/// The host of that; the repositories are at github.com.
const API_OF_GITHUB: &str = "api.github.com";
/// Enterprises that GitHub hosts have their interface at `api.NAME.ghe.com` and their repositories at `NAME.ghe.com`.
const HOSTED: &str = ".ghe.com";

/// The address of GitHub's REST interface: https, or http on this machine.
#[derive(Debug, Clone)]
pub struct Address {
    pub(super) url: Url,
    /// Who must have signed its certificate, if it is not somebody whom this machine trusts.
    pub(super) authorities: Option<Arc<RootCertStore>>,
}

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
        let address = || Self { url: url.clone(), authorities: None };
        (secure && bare).then(address).ok_or(BadAddress)
    }

    /// The same, whose certificate is signed by one of these authorities (in PEM), and by nobody else.
    ///
    /// # Errors
    /// [`BadAuthority`].
    pub fn signed_by(self, pem: &[u8]) -> Result<Self, BadAuthority> {
        let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let mut roots = RootCertStore::empty();
        match roots.add_parsable_certificates(read.map_err(|_| BadAuthority)?) {
            (1.., 0) => Ok(Self { authorities: Some(Arc::new(roots)), ..self }),
            (_, _) => Err(BadAuthority),
        }
    }

    /// Where the same server has its pages and repositories.
    pub(super) fn web(&self) -> WebServer {
        let host = self.url.host_str().unwrap_or_default();
        let is_hosted = host == API_OF_GITHUB || host.ends_with(HOSTED);
        let host = host.strip_prefix("api.").filter(|_| is_hosted).unwrap_or(host);
        let port = self.url.port().filter(|_| self.url.scheme() == "https");
        WebServer { host: host.to_owned(), port }
    }

    /// github.com's.
    ///
    /// # Errors
    /// Never; the address is a constant.
    pub fn github() -> Result<Self, BadAddress> {
        Url::parse(GITHUB).map_err(|_| BadAddress).and_then(|url| Self::of(&url))
    }
}

/// An address that no token may be sent to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the address of GitHub's API must be https, without user, query or fragment")]
pub struct BadAddress;

/// What is no certificate of an authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these are not certificates of authorities in PEM")]
pub struct BadAuthority;

/// Where pages and repositories are, over https.
pub(super) struct WebServer {
    host: String,
    /// If it is not the usual one.
    port: Option<u16>,
}

impl WebServer {
    /// Is this an address on it?
    pub(super) fn has(&self, source: &Url) -> bool {
        let place = (source.host_str(), source.port());
        source.scheme() == "https" && place == (Some(&*self.host), self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vouches_for_a_server_is_an_authoritys_certificate_and_nothing_else() {
        let url = Url::parse("https://github.example.com/api/v3").unwrap();
        for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            let refused = Address::of(&url).unwrap().signed_by(text.as_bytes());
            assert_eq!(refused.map(drop), Err(BadAuthority), "{text}");
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
