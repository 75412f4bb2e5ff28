//! Who may use the API, as the settings say.

use crate::web::auth::Scrape;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Who may use the API.
#[derive(Debug, Clone, Default)]
pub struct Api {
    /// Where the tokens are; in the state folder if nothing is said.
    pub tokens: Option<PathBuf>,
    /// Who may read the metrics.
    pub scrape: Scrape,
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Api")]
pub(super) struct RawApi {
    /// The file of tokens that `agent token` keeps; tokens.json in the state folder if absent.
    tokens: Option<String>,
    /// Who may read /metrics; from-here if absent.
    metrics: Option<RawScrape>,
}

/// Who may read /metrics.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Scrape")]
enum RawScrape {
    /// Whoever asks from this machine, and tokens from elsewhere.
    FromHere,
    /// Tokens only.
    WithToken,
}

impl RawApi {
    /// The section, checked. A relative path is meant from `folder`.
    pub(super) fn check(self, folder: &Path) -> Api {
        Api {
            tokens: self.tokens.map(|tokens| folder.join(tokens)),
            scrape: match self.metrics {
                None | Some(RawScrape::FromHere) => Scrape::FromHere,
                Some(RawScrape::WithToken) => Scrape::WithToken,
            },
        }
    }
}
