//! Alerts to a webhook, signed so that whoever listens knows who speaks and when.
//!
//! `POST` of JSON over https. [`TIMESTAMP_HEADER`] holds the seconds since 1970; [`SIGNATURE_HEADER`] is `v1=` and the
//! HMAC-SHA256, in hexadecimal, of that number, a full stop and the body, keyed with the shared secret. A listener
//! refuses what is older than five minutes, and takes the same `run` once. Redirects are not followed, and addresses of
//! metadata services are refused after the name was looked up, so that no name can lead there.

use super::{Refusal, Unheard, guard};
use crate::{
    clock::{Clock, later, timeout},
    github::ANSWER_WITHIN,
    report::Alert,
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;
use sha2::Sha256;
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use url::{Host, Url};

/// Holds the seconds since 1970 at which it was sent.
pub const TIMESTAMP_HEADER: &str = "relevo-timestamp";
/// Holds the signature.
pub const SIGNATURE_HEADER: &str = "relevo-signature";
/// Pause where a listener asks for slower requests.
const SLOWER: Duration = Duration::from_mins(1);
/// Fewest bytes of a secret.
const SHORTEST_SECRET: usize = 16;

/// May a webhook lead to this machine itself?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Local {
    /// Also without https: nobody else hears it.
    Allowed,
    /// It may not.
    Refused,
}

/// A webhook that alerts are sent to.
pub struct Webhook {
    address: Url,
    secret: RwLock<String>,
    http: Client<HttpsConnector<HttpConnector<guard::Guard>>, Full<Bytes>>,
}

/// A webhook that is not spoken to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadWebhook {
    /// Anybody could listen, or the address names a user.
    #[error("the webhook's address must be https, without a user")]
    Open,
    /// It leads where no webhook may.
    #[error("the webhook's address leads to this machine or to a metadata service")]
    Refused,
    /// The secret can be guessed.
    #[error("the webhook's secret must have at least {SHORTEST_SECRET} bytes")]
    WeakSecret,
    /// There is no certificate to trust.
    #[error("this machine has no certificates to trust: {0}")]
    NoRoots(String),
}

impl Webhook {
    /// A webhook at `address`.
    ///
    /// # Errors
    /// [`BadWebhook`].
    pub fn new(address: Url, secret: String, local: Local) -> Result<Self, BadWebhook> {
        let (plain_allowed, refused) = match address.host() {
            Some(Host::Ipv4(ip)) => literal(IpAddr::V4(ip), local),
            Some(Host::Ipv6(ip)) => literal(IpAddr::V6(ip), local),
            Some(Host::Domain(name)) => (name == "localhost" && local == Local::Allowed, false),
            None => (false, true),
        };
        let secure = address.scheme() == "https" || (address.scheme() == "http" && plain_allowed);
        if !secure || !address.username().is_empty() || address.password().is_some() {
            return Err(BadWebhook::Open);
        }
        if refused {
            return Err(BadWebhook::Refused);
        }
        Self::check(&secret)?;
        let secret = RwLock::new(secret);
        let mut http = HttpConnector::new_with_resolver(guard::Guard::new(local));
        http.enforce_http(false);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .map_err(|error| BadWebhook::NoRoots(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { address, secret, http })
    }

    /// Can alerts be signed with this?
    ///
    /// # Errors
    /// [`BadWebhook::WeakSecret`].
    pub fn check(secret: &str) -> Result<(), BadWebhook> {
        if secret.len() < SHORTEST_SECRET { Err(BadWebhook::WeakSecret) } else { Ok(()) }
    }

    /// From now on alerts are signed with this, which was [checked](Self::check).
    pub fn exchange(&self, secret: String) {
        *self.secret.write().unwrap_or_else(PoisonError::into_inner) = secret;
    }

    /// Sends an alert.
    ///
    /// # Errors
    /// [`Unheard`], if the listener does not answer or refuses.
    pub async fn post(&self, alert: &Alert, clock: &dyn Clock) -> Result<(), Unheard> {
        let now = clock.now();
        let body = body(alert);
        let timestamp = now.as_second().to_string();
        let request = Request::post(self.address.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("relevo/", env!("CARGO_PKG_VERSION")))
            .header(SIGNATURE_HEADER, self.signature(&timestamp, &body))
            .header(TIMESTAMP_HEADER, timestamp)
            .body(Full::new(Bytes::from(body)));
        let request =
            request.map_err(|_| unheard(Refusal::Never, "the request cannot be built"))?;
        let unanswered = |problem: String| unheard(Refusal::Unanswered, problem);
        let answer = timeout(clock, ANSWER_WITHIN, self.http.request(request)).await;
        let answer = answer.map_err(|late| unanswered(late.to_string()))?;
        let answer = answer.map_err(|error| unanswered(error.to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status @ (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => {
                let until = later(now, SLOWER);
                Err(unheard(Refusal::Wait(until), format!("the webhook answered {status}")))
            }
            status if status.is_server_error() => {
                Err(unanswered(format!("the webhook answered {status}")))
            }
            status => Err(unheard(Refusal::Refused, format!("the webhook answered {status}"))),
        }
    }

    fn signature(&self, timestamp: &str, body: &str) -> String {
        let secret = self.secret.read().unwrap_or_else(PoisonError::into_inner);
        match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
            Ok(mut mac) => {
                mac.update(timestamp.as_bytes());
                mac.update(b".");
                mac.update(body.as_bytes());
                format!("v1={}", hex::encode(mac.finalize().into_bytes()))
            }
            // HMAC takes keys of any length.
            Err(_) => String::new(),
        }
    }
}

fn literal(ip: IpAddr, local: Local) -> (bool, bool) {
    (ip.is_loopback() && local == Local::Allowed, !guard::may_reach(ip, local))
}

fn unheard(refusal: Refusal, problem: impl Into<String>) -> Unheard {
    Unheard { refusal, problem: problem.into() }
}

fn body(alert: &Alert) -> String {
    let Alert { alarm: _, run, environment, branch, commit, outcome, at, subject, text, page } =
        alert;
    json!({
        "event": "promotion-failed",
        "run": run,
        "environment": environment,
        "branch": branch,
        "commit": commit,
        "outcome": outcome,
        "at": at,
        "subject": subject,
        "text": text,
        "page": page,
    })
    .to_string()
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path of such addresses is often a secret itself.
        f.debug_struct("Webhook").field("host", &self.address.host_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(address: &str, local: Local) -> Result<Webhook, BadWebhook> {
        Webhook::new(Url::parse(address).unwrap(), "sixteen bytes ok".to_owned(), local)
    }

    #[test]
    fn it_speaks_over_closed_lines_to_others_only() {
        let refused = |address| webhook(address, Local::Refused).map(drop);
        assert_eq!(refused("http://hooks.example.org/x"), Err(BadWebhook::Open));
        assert_eq!(refused("https://u:p@hooks.example.org/x"), Err(BadWebhook::Open));
        assert_eq!(refused("http://127.0.0.1:1/x"), Err(BadWebhook::Open));
        assert_eq!(refused("https://127.0.0.1:1/x"), Err(BadWebhook::Refused));
        assert_eq!(refused("https://169.254.169.254/latest"), Err(BadWebhook::Refused));
        assert_eq!(refused("https://0xa9fea9fe/latest"), Err(BadWebhook::Refused));
        assert_eq!(refused("https://[::ffff:169.254.169.254]/"), Err(BadWebhook::Refused));
        let weak = Webhook::new(
            Url::parse("https://hooks.example.org/").unwrap(),
            "short".to_owned(),
            Local::Refused,
        );
        assert_eq!(weak.map(drop), Err(BadWebhook::WeakSecret));
    }

    /// The figure is that of `printf '1767225600.{}' | openssl dgst -sha256 -hmac 'sixteen bytes ok'`.
    #[test]
    fn the_signature_is_over_time_and_body() {
        let Ok(webhook) = webhook("http://127.0.0.1:1/", Local::Allowed) else {
            // A machine without certificates has no webhooks.
            return;
        };
        assert_eq!(
            webhook.signature("1767225600", "{}"),
            "v1=722830fecbb00d66ac6ed9c7884c144e669bec738fcf1616643118805fb156e7"
        );
        assert!(!format!("{webhook:?}").contains("sixteen"));
    }
}
