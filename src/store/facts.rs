//! What is known of a run beside what it runs.

use crate::ids::Sha;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What `when` may ask about beside branch and environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What caused the run, such as `manual` or `push`.
    pub event: String,
    /// Paths changed since the last run that succeeded in this environment, or in the commit.
    pub changed_paths: Vec<String>,
    /// Who pushed, or asked for the run, as they are called where they did it; absent if nobody vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Who pushed, or asked for, the runs that this one repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// Whom the commit names as its author, where nobody vouches for who pushed it. Anybody can write any name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Is the commit one that the branch was moved back to, or forward to again? Then the last that it pointed to before, of
    /// those that had a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<Sha>,
    /// The one plan that this run may apply, where it was shown before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
}

impl Facts {
    /// Everybody who is known to have brought this about; the author that the commit claims to have is among them.
    pub fn askers(&self) -> impl Iterator<Item = &str> {
        self.by.iter().chain(&self.before).chain(&self.author).map(String::as_str)
    }

    /// May somebody else have pushed, without anybody knowing?
    #[must_use]
    pub fn hides_who_pushed(&self) -> bool {
        self.by.is_none() || self.author.is_some()
    }

    /// What is known of a run that `person` asks for, and that repeats this one's.
    #[must_use]
    pub fn again(&self, person: &str) -> Self {
        let before = self.before.iter().chain(&self.by).filter(|name| *name != person);
        Self {
            by: Some(person.to_owned()),
            before: before.cloned().collect(),
            moved_from: None,
            ..self.clone()
        }
    }

    /// The same of a run that repeats one of which `earlier` is known: whoever brought that about did this as well.
    #[must_use]
    pub fn repeating(self, earlier: &Self) -> Self {
        let known = self.before.iter().map(String::as_str).chain(earlier.askers());
        let known = known.filter(|name| self.by.as_deref() != Some(*name));
        let before: BTreeSet<String> = known.map(str::to_owned).collect();
        Self { before: before.into_iter().collect(), ..self }
    }
}
