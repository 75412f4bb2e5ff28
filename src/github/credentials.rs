//! Who the agent is at GitHub.

use octocrab::{auth::AppAuth, models::AppId};
use std::{fmt, path::PathBuf};

/// Longest file that is taken for a token.
const LONGEST_TOKEN: usize = 4096;

/// Who the agent is at GitHub. Whatever is secret shows in no output.
#[derive(Clone)]
pub enum Credentials {
    /// The bearer of a token.
    Token(String),
    /// The bearer of the token in a file, which is read for each request: one that was exchanged counts at once, and
    /// while it cannot be read the one before does.
    TokenFile(PathBuf),
    /// A GitHub App, with its private key. Its installation is found for each repository.
    App(AppCredentials),
}

/// A GitHub App and its key.
#[derive(Clone)]
pub struct AppCredentials {
    pub(super) auth: AppAuth,
}

/// Credentials that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCredentials {
    /// The key of the App is not RSA in PEM.
    #[error("the private key of the GitHub App is not an RSA key in PEM, as GitHub generates it")]
    Key,
    /// The file with the token cannot be read.
    #[error("the file with the token for GitHub cannot be read")]
    File(#[source] std::io::Error),
    /// There is no token.
    #[error("the token for GitHub is empty or no token")]
    Token,
}

impl Credentials {
    /// Those of the App with this id and private key.
    ///
    /// # Errors
    /// [`BadCredentials::Key`].
    pub fn app(id: u64, pem: &[u8]) -> Result<Self, BadCredentials> {
        // Its own words may repeat parts of the key.
        let key = octocrab::EncodingKey::from_rsa_pem(pem).map_err(|_| BadCredentials::Key)?;
        Ok(Self::App(AppCredentials { auth: AppAuth { app_id: AppId(id), key } }))
    }

    /// The id of the App, if it is one.
    #[must_use]
    pub fn app_id(&self) -> Option<u64> {
        match self {
            Self::App(app) => Some(app.auth.app_id.0),
            Self::Token(_) | Self::TokenFile(_) => None,
        }
    }

    /// The token as it is now; none for an App.
    pub(super) async fn token(&self) -> Result<Option<String>, BadCredentials> {
        let text = match self {
            Self::App(_) => return Ok(None),
            Self::Token(token) => token.clone(),
            Self::TokenFile(file) => {
                tokio::fs::read_to_string(file).await.map_err(BadCredentials::File)?
            }
        };
        let token = text.trim();
        Self::check_token(token)?;
        Ok(Some(token.to_owned()))
    }

    /// Can this be a token?
    ///
    /// # Errors
    /// [`BadCredentials::Token`].
    pub fn check_token(token: &str) -> Result<(), BadCredentials> {
        let legal = !token.is_empty() && token.len() <= LONGEST_TOKEN;
        let legal = legal && token.bytes().all(|byte| byte.is_ascii_graphic());
        legal.then_some(()).ok_or(BadCredentials::Token)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token"),
            Self::TokenFile(file) => f.debug_tuple("TokenFile").field(file).finish(),
            Self::App(app) => f.debug_tuple("App").field(&app.auth.app_id.0).finish(),
        }
    }
}
