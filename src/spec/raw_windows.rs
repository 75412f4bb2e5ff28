//! The deploy windows of an environment file as they are written.

use schemars::JsonSchema;
use serde::Deserialize;

/// When the environment may be deployed to. What is deploying when a window closes goes on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Windows")]
pub(super) struct RawWindows {
    /// Time zone of all times below, such as Europe/Madrid.
    #[schemars(required)]
    pub(super) time_zone: Option<String>,
    /// Deployments begin only then; at any time if absent.
    #[schemars(length(max = 50))]
    pub(super) allow: Option<Vec<RawPeriod>>,
    /// No deployment begins then, whatever is allowed.
    #[schemars(length(max = 50))]
    pub(super) deny: Option<Vec<RawPeriod>>,
}

/// One of: 'cron' with 'for'; 'hours', perhaps with 'days'; 'from' with 'to'.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Period")]
pub(super) struct RawPeriod {
    /// When it begins: cron(minutes hours day-of-month month day-of-week year), in the time zone.
    pub(super) cron: Option<String>,
    /// How long it lasts from there, such as 4h.
    #[serde(rename = "for")]
    pub(super) length: Option<String>,
    /// Its hours, such as 09:00-17:00; past midnight if the second is not after the first.
    pub(super) hours: Option<String>,
    /// The days on which the hours begin; every day if absent.
    #[schemars(length(max = 7))]
    pub(super) days: Option<Vec<RawDay>>,
    /// When it begins, such as 2026-12-20 or 2026-12-20T18:00.
    pub(super) from: Option<String>,
    /// When it ends.
    pub(super) to: Option<String>,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Day")]
pub(super) enum RawDay {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl RawDay {
    /// 1 for Monday.
    pub(super) fn number(self) -> i8 {
        match self {
            Self::Mon => 1,
            Self::Tue => 2,
            Self::Wed => 3,
            Self::Thu => 4,
            Self::Fri => 5,
            Self::Sat => 6,
            Self::Sun => 7,
        }
    }
}
