//! How GitHub is talked to, as the settings say.

use schemars::JsonSchema;
use serde::Deserialize;

/// How GitHub is talked to.
#[derive(Debug, Clone)]
pub struct GitHub {}

/// The section as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "GitHub")]
pub(super) struct RawGitHub {}

impl RawGitHub {
    /// The section, checked.
    pub(super) fn check(self) -> GitHub {
        GitHub {}
    }
}
