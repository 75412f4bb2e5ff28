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
    /// What the address it is reached at does not offer, by [`Setting::aspect`], and how it said so: left out.
    pub unoffered: BTreeMap<String, String>,
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
    /// Why nobody can tell what is set, if so: then it is set to be sure.
    pub unread: Option<String>,
}

impl Serialize for Difference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = serde_json::json!({
            "what": self.setting.aspect(), "from": self.from, "to": self.to, "unread": self.unread,
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
        /// What of that is ours to set, once more to be sure.
        again: Vec<Difference>,
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
            Self::Unread { again, .. } => !again.is_empty(),
            Self::Fine | Self::Foreign { .. } | Self::Blocked { .. } => false,
        }
    }

    /// Is it all that can be had of something whose settings were set, some of which cannot be read back?
    #[must_use]
    pub fn is_set_unseen(&self) -> bool {
        match self {
            Self::Unread { unread, again } => unread.len() == again.len(),
            Self::Missing
            | Self::Fine
            | Self::Differs { .. }
            | Self::Foreign { .. }
            | Self::Blocked { .. } => false,
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
    let mut differences: Vec<Difference> =
        settings.filter_map(|setting| difference(setting, found, origin)).collect();
    let adopting = origin.is_none() && adopted.contains(item.name());
    let ours = if adopting { Some(Origin::Adopted) } else { origin };
    let again = again(item, found, ours);
    match (origin, differences.is_empty()) {
        (None, true) if adopting => Standing::Differs { differences: again, adopting },
        (_, true) if !found.unread.is_empty() => {
            Standing::Unread { unread: found.unread.clone(), again }
        }
        (_, true) => Standing::Fine,
        (None, false) if !adopting => Standing::Foreign { differences },
        (_, false) => {
            differences.extend(again);
            Standing::Differs { differences, adopting }
        }
    }
}

/// What nobody can tell is set once more, which bears being done twice. Not a policy in which others' statements may
/// stand: setting it would take them out.
fn again(item: &Item, found: &Found, origin: Option<Origin>) -> Vec<Difference> {
    let settings = item.settings().into_iter();
    let unseen = settings.filter_map(|setting| {
        let why = found.unread.get(&setting.aspect())?.clone();
        let mine = match origin {
            Some(Origin::Made) => true,
            Some(Origin::Adopted) => setting.policy().is_none(),
            None => false,
        };
        let to = setting.wanted();
        mine.then_some(Difference { setting, from: Value::Null, to, unread: Some(why) })
    });
    unseen.collect()
}

fn difference(setting: Setting, found: &Found, origin: Option<Origin>) -> Option<Difference> {
    let aspect = setting.aspect();
    if found.unread.contains_key(&aspect) || found.unoffered.contains_key(&aspect) {
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
    (!same).then_some(Difference { setting, from, to, unread: None })
}
