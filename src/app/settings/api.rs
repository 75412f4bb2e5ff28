//! Who may use the API, as the settings say.

use schemars::JsonSchema;
use serde::Deserialize;

/// Who may use the API.
#[derive(Debug, Clone, Default)]
pub struct Api {}

/// The section as it is written.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Api")]
pub(super) struct RawApi {}

impl RawApi {
    /// The section, checked.
    pub(super) fn check(self) -> Api {
        Api {}
    }
}
