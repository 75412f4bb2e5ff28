//! `agent.yaml` as it is written. Every field is optional here; the schema says which are not.

use super::{alerts::RawAlerts, api::RawApi, github::RawGitHub};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the long-running agent is set up with.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "agent.yaml")]
pub(super) struct RawSettings {
    /// Version of this format: 1.
    #[schemars(required)]
    pub(super) version: Option<u64>,
    /// What the agent is called among those of a fleet; its machine's name if absent.
    pub(super) name: Option<String>,
    /// What it is or has: in a fleet it takes only runs for environments whose `runs-on` is among it.
    #[schemars(length(max = 32))]
    pub(super) labels: Option<Vec<String>>,
    /// Address and port of the web face; 127.0.0.1:8080 if absent.
    pub(super) listen: Option<String>,
    /// Where others reach the web face, such as https://agent.example.org/.
    pub(super) public_url: Option<String>,
    /// The repositories that are heard, by the name they have here.
    #[schemars(required)]
    pub(super) repositories: Option<BTreeMap<String, RawRepository>>,
    /// What addresses of repositories must begin with; only those named above if absent.
    pub(super) allow: Option<Vec<String>>,
    /// Webhooks; none are taken if absent.
    pub(super) webhooks: Option<RawWebhooks>,
    /// How GitHub is talked to; not at all if absent.
    pub(super) github: Option<RawGitHub>,
    /// Where failed promotions are told; nowhere but at GitHub if absent.
    pub(super) alerts: Option<RawAlerts>,
    /// Who may use the API.
    pub(super) api: Option<RawApi>,
    /// Bounds.
    pub(super) limits: Option<RawLimits>,
    /// How environments are watched over.
    pub(super) watch: Option<RawWatch>,
    /// What becomes of runs when the agent ends.
    pub(super) drain: Option<RawDrain>,
}

/// A repository that is heard.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Repository")]
pub(super) struct RawRepository {
    /// An https or ssh address, or a folder.
    #[schemars(required)]
    pub(super) source: Option<String>,
    /// OWNER/NAME on GitHub, if its webhooks are to be taken for this repository.
    pub(super) github: Option<String>,
    /// Time between two looks, such as 30s; 1m if absent. Slower while webhooks arrive.
    pub(super) poll: Option<String>,
}

/// Webhooks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Webhooks")]
pub(super) struct RawWebhooks {
    /// Where the secrets are that GitHub signs with; the old and the new one during a rotation.
    #[schemars(required, length(min = 1, max = 8))]
    pub(super) secrets: Option<Vec<RawSecret>>,
}

/// Where a secret is: a file or a variable, one of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Secret")]
pub(super) struct RawSecret {
    /// The file that holds it and nothing else.
    pub(super) file: Option<String>,
    /// The environment variable that holds it.
    pub(super) env: Option<String>,
}

/// Bounds.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Limits")]
pub(super) struct RawLimits {
    /// Runs that are driven at once; 4 if absent.
    #[schemars(range(min = 1, max = 1_000))]
    pub(super) runs_at_once: Option<u32>,
}

/// How environments are watched over.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Watch")]
pub(super) struct RawWatch {
    /// Time between two looks at what inference did, such as 15m; 5m if absent.
    pub(super) every: Option<String>,
}

/// What becomes of runs when the agent ends.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Drain")]
pub(super) struct RawDrain {
    /// How long runs may take to end by themselves before they are parked for the next agent; 10m if absent.
    pub(super) within: Option<String>,
    /// Park runs at once instead of waiting for them; false if absent.
    pub(super) park: Option<bool>,
}
