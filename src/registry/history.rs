//! What was decided about a version, kept with it as notes: one line a decision, the newest few.

use crate::aws::{Decision, ModelPackage};
use jiff::Timestamp;
use std::fmt;

/// Names of the notes; a number follows.
const NOTE: &str = "decision.";
/// Decisions kept with a version. SageMaker keeps 50 notes (`CustomerMetadataProperties`), and registering a version
/// writes a dozen.
const MOST_KEPT: usize = 20;
/// Stands between the parts of a line: signs that SageMaker allows in a note.
const BETWEEN: &str = " / ";

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Act {
    /// Approved for an environment.
    Approved,
    /// Rejected.
    Rejected,
    /// Given to a further environment.
    Promoted,
    /// Taken up again by a rollback.
    Restored,
    /// Followed by another version.
    Superseded,
    /// Left by a rollback.
    Withdrawn,
}

impl Act {
    const ALL: [Self; 6] = [
        Self::Approved,
        Self::Rejected,
        Self::Promoted,
        Self::Restored,
        Self::Superseded,
        Self::Withdrawn,
    ];

    /// The word that stands in the note.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Promoted => "promoted",
            Self::Restored => "restored",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// One decision about a version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub act: Act,
    /// For which environment.
    pub environment: String,
    /// By whom, in their own words.
    pub by: String,
    /// Why; SageMaker may have kept the beginning only.
    pub why: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| text.replace('/', "-");
        let at = self.at.strftime("%FT%TZ");
        let Self { act, environment, by, why, .. } = self;
        let (by, why) = (plain(by), plain(why));
        let parts = [&at.to_string(), act.word(), environment, &by, &why];
        f.write_str(&parts.join(BETWEEN))
    }
}

impl Entry {
    /// The decision that a note tells of, unless it is somebody else's note.
    fn read(note: &str) -> Option<Self> {
        let mut parts = note.splitn(5, BETWEEN);
        let mut next = || parts.next();
        let (at, word, environment) = (next()?.parse().ok()?, next()?, next()?.to_owned());
        let act = Act::ALL.into_iter().find(|act| act.word() == word)?;
        let (by, why) = (next()?.to_owned(), next().unwrap_or_default().to_owned());
        Some(Self { at, act, environment, by, why })
    }
}

/// What was decided about a version, the first decision first.
#[must_use]
pub fn history(package: &ModelPackage) -> Vec<Entry> {
    numbered(package).into_iter().filter_map(|(_, note)| Entry::read(note)).collect()
}

/// Adds `entry` to what `decision` writes about `package`, in place of the oldest if there are too many.
pub(super) fn remember(package: &ModelPackage, entry: &Entry, decision: &mut Decision) {
    let known = numbered(package);
    let next = known.last().map_or(1, |(number, _)| number + 1);
    decision.notes.insert(name(next), entry.to_string());
    let surplus = (known.len() + 1).saturating_sub(MOST_KEPT);
    decision.forgotten.extend(known.iter().take(surplus).map(|(number, _)| name(*number)));
}

fn name(number: u32) -> String {
    format!("{NOTE}{number:03}")
}

fn numbered(package: &ModelPackage) -> Vec<(u32, &str)> {
    let notes = package.notes.iter();
    let mut found: Vec<(u32, &str)> = notes
        .filter_map(|(name, note)| Some((name.strip_prefix(NOTE)?.parse().ok()?, note.as_str())))
        .collect();
    found.sort_unstable_by_key(|(number, _)| *number);
    found
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{at, pending},
        *,
    };
    use proptest::prelude::*;

    fn entry(minute: i32, by: &str, why: &str) -> Entry {
        let (by, why) = (by.to_owned(), why.to_owned());
        Entry { at: at(minute), act: Act::Approved, environment: "prod".to_owned(), by, why }
    }

    #[test]
    fn a_decision_reads_as_a_line() {
        assert_eq!(
            entry(0, "ada@example.org", "reviewed / signed").to_string(),
            "2026-11-22T12:00:00Z / approved / prod / ada@example.org / reviewed - signed"
        );
    }

    #[test]
    fn the_oldest_decisions_make_room() {
        let mut package = pending(1);
        for minute in 0..50 {
            let mut decision = Decision::default();
            remember(&package, &entry(minute, "ada", "again"), &mut decision);
            package.notes.extend(decision.notes);
            package.notes.retain(|name, _| !decision.forgotten.contains(name));
        }
        let kept = history(&package);
        assert_eq!((kept.len(), kept[0].at, kept[MOST_KEPT - 1].at), (MOST_KEPT, at(30), at(49)));
    }

    #[test]
    fn notes_of_others_are_no_decisions() {
        let mut package = pending(1);
        for note in
            ["", "yesterday / approved / prod / ada", "2026-11-22T12:00:00Z / liked / prod / ada"]
        {
            package.notes.insert("decision.001".to_owned(), note.to_owned());
            assert_eq!(history(&package), []);
        }
    }

    proptest! {
        #[test]
        fn whatever_was_written_is_read_again(by in "[a-zA-Z@. /-]{1,20}", why in "[a-zA-Z., /-]{0,40}") {
            let entry = entry(7, &by, &why);
            let read = Entry::read(&entry.to_string()).unwrap();
            let plain = |text: &str| text.replace('/', "-");
            prop_assert_eq!((read.at, read.by, read.why), (entry.at, plain(&by), plain(&why)));
        }
    }
}
