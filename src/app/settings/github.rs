//! How GitHub is talked to, as the settings say.

use super::{SecretSource, raw::RawSecret};
use crate::{
    clock::Clock,
    github::{Address, Client, Credentials},
    spec::{Reading, quoted},
};
use anyhow::Context as _;
use schemars::JsonSchema;
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use url::Url;

/// How GitHub is talked to.
#[derive(Debug, Clone)]
pub struct GitHub {
    /// An enterprise's own address; github.com's if absent.
    pub address: Option<Address>,
    /// The file of the authorities that sign that server's certificate, where this machine trusts none of them.
    pub authority: Option<PathBuf>,
    /// Who the agent is there.
    pub identity: Identity,
}

/// Who the agent is at GitHub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The bearer of a token.
    Token(SecretSource),
    /// A GitHub App.
    App {
        /// Its number.
        id: u64,
        /// Its private key.
        key: SecretSource,
    },
}

impl GitHub {
    /// Where the secret is that the agent shows.
    #[must_use]
    pub fn secret(&self) -> &SecretSource {
        match &self.identity {
            Identity::Token(source) | Identity::App { key: source, .. } => source,
        }
    }

    /// What the agent shows, as it is now.
    ///
    /// # Errors
    /// A secret cannot be read, or is none.
    pub fn credentials(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Credentials> {
        let secret = self.secret().read(variable)?;
        match &self.identity {
            Identity::Token(source) => {
                let checked = Credentials::check_token(secret.trim());
                checked.with_context(|| format!("use the token in {source}"))?;
                // Read for each request, so that an exchanged one counts at once.
                Ok(match source {
                    SecretSource::File(file) => Credentials::TokenFile(file.clone()),
                    SecretSource::Variable(_) => Credentials::Token(secret),
                })
            }
            Identity::App { id, key } => Credentials::app(*id, secret.as_bytes())
                .with_context(|| format!("use the key in {key}")),
        }
    }

    /// A client. Must be called within a runtime.
    ///
    /// # Errors
    /// A secret cannot be read, or is none.
    pub fn client(
        &self,
        clock: Arc<dyn Clock>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Client> {
        let credentials = self.credentials(variable)?;
        let address = match &self.address {
            Some(address) => address.clone(),
            None => Address::github()?,
        };
        let address = match &self.authority {
            None => address,
            Some(file) => std::fs::read(file)
                .map_err(anyhow::Error::from)
                .and_then(|pem| Ok(address.signed_by(&pem)?))
                .with_context(|| format!("use the authority in {}", file.display()))?,
        };
        Ok(Client::new(&address, credentials, clock)?)
    }
}

/// The section as it is written. A token or an App, one of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "GitHub")]
pub(super) struct RawGitHub {
    /// Address of the REST interface of GitHub Enterprise, such as https://github.example.com/api/v3; github.com's if
    /// absent.
    pub(super) api: Option<String>,
    /// The file, in PEM, of the authorities that sign the certificate of that server, for its REST interface and for its
    /// repositories; those that this machine trusts if absent.
    pub(super) authority: Option<String>,
    /// Where a token is. Stages then show as commit statuses.
    pub(super) token: Option<RawSecret>,
    /// A GitHub App. Stages then show as check runs with annotations.
    pub(super) app: Option<RawApp>,
}

/// A GitHub App.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "App")]
pub(super) struct RawApp {
    /// Its number.
    #[schemars(required)]
    pub(super) id: Option<u64>,
    /// Where its private key is, in PEM.
    #[schemars(required)]
    pub(super) key: Option<RawSecret>,
}

impl RawGitHub {
    /// The section, checked.
    pub(super) fn check(self, reading: &mut Reading<'_>, folder: &Path) -> Option<GitHub> {
        let address = match &self.api {
            None => None,
            Some(text) => Some(address(reading, text)?),
        };
        // git may read it from another folder.
        let absolute = |file: PathBuf| std::path::absolute(&file).unwrap_or(file);
        let authority = self.authority.map(|file| absolute(folder.join(file)));
        let identity = match (self.token, self.app) {
            (Some(token), None) => {
                Identity::Token(super::secrets::source(token, folder).or_else(|| {
                    super::secrets::report(reading, &["github", "token"]);
                    None
                })?)
            }
            (None, Some(RawApp { id: Some(id), key: Some(key) })) => {
                let key = super::secrets::source(key, folder).or_else(|| {
                    super::secrets::report(reading, &["github", "app", "key"]);
                    None
                })?;
                Identity::App { id, key }
            }
            (None, Some(_)) => {
                let message = "a GitHub App has an id and a key";
                let error = reading.key_error(&["github", "app"], "bad-app", message);
                error.help("app: { id: 12345, key: { file: PATH } }");
                return None;
            }
            (Some(_), Some(_)) | (None, None) => {
                let message = "the agent is the bearer of a token or a GitHub App, one of them";
                reading
                    .key_error(&["github"], "bad-identity", message)
                    .help("token: { file: PATH } or app: { id: 12345, key: { file: PATH } }");
                return None;
            }
        };
        Some(GitHub { address, authority, identity })
    }
}

fn address(reading: &mut Reading<'_>, text: &str) -> Option<Address> {
    let address = Url::parse(text).ok().and_then(|url| Address::of(&url).ok());
    if address.is_none() {
        let message = format!("{} is no address that a token may be sent to", quoted(text));
        let error = reading.error(&["github", "api"], "bad-address", message);
        error.help("https, without user, query or fragment: https://github.example.com/api/v3");
    }
    address
}
