//! Long messages stand on several lines of a log; here is how they are cut and how a reader joins them again.
//!
//! A message that goes on ends with [`CONTINUES`]; the line of the same run, stage and level that continues it
//! begins with [`CONTINUED`]. Lines of another level may stand between the two, as a command writes to both of its
//! streams at once. A message whose rest was never written (the agent died) stays as it is, mark and all.

use super::{Level, LogLine};
use crate::ids::{RunId, StageName};
use std::{borrow::Cow, collections::BTreeMap};

/// Longest message of one line, in bytes; a longer one becomes several lines. Even if every byte were escaped as
/// `\u00XX` the line stays below the million bytes that CloudWatch takes for sure (its "1 MB" is not
/// said to be 2^20; API reference of `PutLogEvents`, 2026-11).
pub(super) const LONGEST_MESSAGE: usize = 128 * 1024;
/// Marks a message that goes on in the next line …
pub(super) const CONTINUES: &str = " …[continues]";
/// … and one that began in the line before.
pub(super) const CONTINUED: &str = "[continued]… ";

/// Whether a message began in the line before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// It begins here.
    Here,
    /// It is continued.
    Before,
}

/// Whether a message goes on in the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    /// It ends here.
    Ends,
    /// It will be continued.
    On,
}

/// Cuts a message, or a part of one, into those of as many lines as it takes. Nothing is copied where one line does.
pub(super) fn parts(message: &str, begun: Begun, goes: Goes) -> impl Iterator<Item = Cow<'_, str>> {
    let (mut rest, mut begun) = (Some(message), begun);
    std::iter::from_fn(move || {
        let message = rest?;
        let cut = message.floor_char_boundary(LONGEST_MESSAGE);
        let (part, after) = message.split_at(cut);
        let goes_on = if after.is_empty() { goes } else { Goes::On };
        let head = if begun == Begun::Before { CONTINUED } else { "" };
        let tail = if goes_on == Goes::On { CONTINUES } else { "" };
        rest = (!after.is_empty()).then_some(after);
        begun = Begun::Before;
        Some(if head.is_empty() && tail.is_empty() {
            Cow::Borrowed(part)
        } else {
            Cow::Owned([head, part, tail].concat())
        })
    })
}

/// Joins lines that are parts of one message; the joined line is the first of them with all their text, in the place
/// of the last. Lines must come in the order of each stage.
pub fn joined(lines: impl IntoIterator<Item = LogLine>) -> Vec<LogLine> {
    let mut open: BTreeMap<(RunId, StageName, Level), LogLine> = BTreeMap::new();
    let mut whole = Vec::new();
    for mut line in lines {
        let key = (line.run.clone(), line.stage.clone(), line.level);
        if let Some(mut first) = open.remove(&key) {
            if let Some(rest) = line.message.strip_prefix(CONTINUED) {
                first.message.truncate(first.message.len() - CONTINUES.len());
                first.message.push_str(rest);
                line = first;
            } else {
                whole.push(first);
            }
        }
        if line.message.ends_with(CONTINUES) {
            open.insert(key, line);
        } else {
            whole.push(line);
        }
    }
    whole.extend(open.into_values());
    whole
}
