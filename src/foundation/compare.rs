//! What was found, against what should be.
//!
//! What carries our tag as *made* is exactly as we set it; any difference is a change to be undone. What was *adopted*
//! keeps what others wrote into its policies. What carries no tag of ours is only looked at, until a person gives it
//! to us by name.

use super::{
    canonical::{canonical, merged},
    resource::{Item, Origin, Setting},
};
use crate::plan::Tags;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A thing as it was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Its tags.
    pub tags: Tags,
    /// What is set on it, by [`Setting::aspect`]; what is not set is absent.
    pub settings: BTreeMap<String, Value>,
    /// What is wrong with it and cannot be changed, such as the region of a bucket.
    pub obstacles: Vec<String>,
    /// What could not be read, by [`Setting::aspect`], and why not.
    pub unread: BTreeMap<String, String>,
    /// What is beside what should be, and is left alone: a person should know.
    pub beside: Vec<String>,
}

/// One thing that is set otherwise than it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What should be set.
    pub setting: Setting,
    /// What is set; nothing if nothing is.
    pub from: Value,
    /// What should be, with what others wrote where that stays.
    pub to: Value,
}

impl Serialize for Difference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = serde_json::json!({
            "what": self.setting.aspect(), "from": self.from, "to": self.to,
        });
        shown.serialize(serializer)
    }
}

/// How a thing stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum Standing {
    /// It is not there.
    Missing,
    /// It is as it should be.
    Fine,
    /// It is ours, or was just given to us, and differs.
    Differs {
        /// In what.
        differences: Vec<Difference>,
        /// It becomes ours by this.
        adopting: bool,
    },
    /// It differs and does not carry our tag.
    Foreign {
        /// In what.
        differences: Vec<Difference>,
    },
    /// It is there, and of some of it nobody can tell.
    Unread {
        /// What could not be read, and why not.
        unread: BTreeMap<String, String>,
    },
    /// It is there and cannot be what it should be.
    Blocked {
        /// Why not.
        obstacles: Vec<String>,
    },
}

impl Standing {
    /// Is there something that should be done, by us or by a person?
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self {
            Self::Fine => false,
            Self::Missing
            | Self::Differs { .. }
            | Self::Foreign { .. }
            | Self::Unread { .. }
            | Self::Blocked { .. } => true,
        }
    }

    /// Is there something that is ours to do?
    #[must_use]
    pub fn is_to_do(&self) -> bool {
        match self {
            Self::Missing | Self::Differs { .. } => true,
            Self::Fine | Self::Foreign { .. } | Self::Unread { .. } | Self::Blocked { .. } => false,
        }
    }
}

/// How `item` stands. `adopted` are the names that a person gives to us.
#[must_use]
pub fn compare(item: &Item, found: Option<&Found>, adopted: &BTreeSet<String>) -> Standing {
    let Some(found) = found else { return Standing::Missing };
    if !found.obstacles.is_empty() {
        return Standing::Blocked { obstacles: found.obstacles.clone() };
    }
    let origin = Origin::of(&found.tags, &item.model);
    let settings = item.settings().into_iter();
    let differences: Vec<Difference> =
        settings.filter_map(|setting| difference(setting, found, origin)).collect();
    let adopting = origin.is_none() && adopted.contains(item.name());
    match (origin, differences.is_empty()) {
        (None, true) if adopting => Standing::Differs { differences, adopting },
        (_, true) if !found.unread.is_empty() => Standing::Unread { unread: found.unread.clone() },
        (_, true) => Standing::Fine,
        (None, false) if !adopting => Standing::Foreign { differences },
        (_, false) => Standing::Differs { differences, adopting },
    }
}

fn difference(setting: Setting, found: &Found, origin: Option<Origin>) -> Option<Difference> {
    if found.unread.contains_key(&setting.aspect()) {
        return None;
    }
    let there = found.settings.get(&setting.aspect());
    let from = there.cloned().unwrap_or(Value::Null);
    let to = match (setting.policy(), there, origin) {
        (Some(ours), Some(there), None | Some(Origin::Adopted)) => merged(there, ours),
        (_, _, _) => setting.wanted(),
    };
    let same = match setting.policy() {
        Some(_) => canonical(&from) == canonical(&to),
        None => from == to,
    };
    (!same).then_some(Difference { setting, from, to })
}
