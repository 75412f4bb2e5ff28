//! Where failed promotions are told, as the settings say.

use super::{SecretSource, raw::RawSecret};
use crate::{
    spec::{Reading, quoted},
    telling::{Local, Webhook},
};
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;
use url::Url;

/// Where failed promotions are told.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    /// To the environment's topic?
    pub topic: bool,
    /// To a webhook.
    pub webhook: Option<WebhookSettings>,
}

/// A webhook that hears of failed promotions.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    address: Url,
    /// Where the secret is that alerts are signed with.
    pub secret: SecretSource,
    local: Local,
}

impl WebhookSettings {
    /// The webhook.
    ///
    /// # Errors
    /// Its secret cannot be read, or its address is none that may be spoken to.
    pub fn open(&self, variable: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Webhook> {
        let secret = self.secret.read(variable)?;
        let webhook = Webhook::new(self.address.clone(), secret, self.local);
        webhook.context("use the webhook for alerts")
    }
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Alerts")]
pub(super) struct RawAlerts {
    /// Tell the topic of the environment that a promotion to it failed; false if absent.
    pub(super) topic: Option<bool>,
    /// Tell a webhook.
    pub(super) webhook: Option<RawWebhook>,
}

/// A webhook that hears of failed promotions, signed with HMAC-SHA256.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "AlertWebhook")]
pub(super) struct RawWebhook {
    /// Its address: https.
    #[schemars(required)]
    pub(super) address: Option<String>,
    /// Where the secret is that alerts are signed with, at least 16 bytes.
    #[schemars(required)]
    pub(super) secret: Option<RawSecret>,
    /// Whether it may be on this machine, then also without https; false if absent.
    pub(super) local: Option<bool>,
}

impl RawAlerts {
    /// The section, checked.
    pub(super) fn check(self, reading: &mut Reading<'_>, folder: &Path) -> Alerts {
        let webhook = self.webhook.and_then(|raw| webhook(reading, raw, folder));
        Alerts { topic: self.topic == Some(true), webhook }
    }
}

fn webhook(reading: &mut Reading<'_>, raw: RawWebhook, folder: &Path) -> Option<WebhookSettings> {
    let path = ["alerts", "webhook"];
    let (Some(text), Some(secret)) = (&raw.address, raw.secret) else {
        let error =
            reading.key_error(&path, "bad-webhook", "a webhook has an address and a secret");
        error.help("webhook: { address: https://…, secret: { file: PATH } }");
        return None;
    };
    let address = Url::parse(text).ok();
    if address.is_none() {
        let message = format!("{} is no address", quoted(text));
        let path = ["alerts", "webhook", "address"];
        reading.error(&path, "bad-address", message).help("as in https://hooks.example.org/relevo");
    }
    let secret = super::secrets::source(secret, folder);
    if secret.is_none() {
        super::secrets::report(reading, &["alerts", "webhook", "secret"]);
    }
    let local = if raw.local == Some(true) { Local::Allowed } else { Local::Refused };
    Some(WebhookSettings { address: address?, secret: secret?, local })
}
