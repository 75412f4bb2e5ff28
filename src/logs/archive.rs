//! An environment's log group, read: what all agents have shipped to it.
//!
//! Lines are known by run, stage and number, so one that arrived twice is shown once. Reading is polling with
//! FilterLogEvents: a live tail samples, ends after three hours and wants another host name.

use super::LogLine;
use crate::{
    aws::{Access, CloudError, LogFilter, Logs, Purpose, ReadEvent},
    ids::{RunId, StageName},
    spec::Environment,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Pages that one search reads at most: with CloudWatch's own limit two million events.
const MOST_PAGES: usize = 200;
/// Lines that a follower may get late: streams arrive each at its own pace, and a cloud that was away for longer than
/// this is caught up by asking again without following.
const LATE: Duration = Duration::from_secs(10 * 60);
/// Longest filter pattern, in characters (FilterLogEvents API).
const LONGEST_PATTERN: usize = 1024;

/// The log group of one environment, reached with a session that may read and ship lines and nothing else.
#[derive(Debug)]
pub struct Archive {
    logs: Logs,
    group: String,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Text that the message holds, letter for letter.
    pub text: String,
    /// How the streams' names begin; all if empty.
    pub stream_prefix: String,
    /// Milliseconds since 1970 from which on.
    pub from_ms: i64,
    /// Lines that are wanted at most.
    pub most: usize,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of time, each once.
    pub lines: Vec<LogLine>,
    /// Whether there may be more.
    pub extent: Extent,
}

/// How much of what there is was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// A bound was reached first.
    Cut,
}

impl Archive {
    /// Opens the group of `environment`; `who` names the session.
    ///
    /// # Errors
    /// If the role cannot be taken.
    pub async fn open(
        access: &Access,
        environment: &Environment,
        who: &RunId,
    ) -> Result<Self, CloudError> {
        let session = access.assume(environment, who, Purpose::Logs).await?;
        Ok(Self { logs: session.logs(), group: environment.log_group.name.clone() })
    }

    /// Searches the group.
    ///
    /// # Errors
    /// If CloudWatch refuses.
    pub async fn search(&self, search: &Search) -> Result<Found, CloudError> {
        let pattern = pattern(&search.text);
        let filter = self.filter(&search.stream_prefix, search.from_ms, &pattern);
        let (mut found, mut seen, mut token) = (Found::default(), BTreeSet::new(), None);
        for _ in 0..MOST_PAGES {
            let (page, next) = self.logs.page(filter, token).await?;
            for line in page.iter().filter_map(line) {
                if !line.message.contains(&search.text) || !seen.insert(name(&line)) {
                    continue;
                }
                if found.lines.len() == search.most {
                    found.extent = Extent::Cut;
                    return Ok(found);
                }
                found.lines.push(line);
            }
            if next.is_none() {
                return Ok(found);
            }
            token = next;
        }
        found.extent = Extent::Cut;
        Ok(found)
    }

    fn filter<'a>(&'a self, prefix: &'a str, from_ms: i64, pattern: &'a str) -> LogFilter<'a> {
        LogFilter { group: &self.group, stream_prefix: prefix, from_ms, pattern }
    }
}

/// Follows the streams of one run.
#[derive(Debug)]
pub struct Follower {
    archive: Archive,
    prefix: String,
    seen: BTreeMap<Name, i64>,
    newest: i64,
}

type Name = (RunId, StageName, u64);

impl Follower {
    /// Follows the streams of `archive` whose names begin with `prefix`.
    #[must_use]
    pub fn of(archive: Archive, prefix: String) -> Self {
        Self { archive, prefix, seen: BTreeMap::new(), newest: 0 }
    }

    /// Hands on each line that was not there at the last call, in the order of time; answers how many.
    ///
    /// # Errors
    /// If CloudWatch refuses, or `heard` fails.
    pub async fn poll<E: From<CloudError>>(
        &mut self,
        mut heard: impl FnMut(LogLine) -> Result<(), E>,
    ) -> Result<usize, E> {
        let late = i64::try_from(LATE.as_millis()).unwrap_or(i64::MAX);
        let from = self.newest.saturating_sub(late).max(0);
        self.seen.retain(|_, time| *time >= from);
        let (mut token, mut new) = (None, 0);
        for _ in 0..MOST_PAGES {
            let filter = self.archive.filter(&self.prefix, from, "");
            let (page, next) = self.archive.logs.page(filter, token).await?;
            for event in &page {
                self.newest = self.newest.max(event.timestamp_ms);
                let Some(line) = line(event) else { continue };
                if self.seen.insert(name(&line), event.timestamp_ms).is_none() {
                    new += 1;
                    heard(line)?;
                }
            }
            if next.is_none() {
                break;
            }
            token = next;
        }
        Ok(new)
    }
}

/// An event as a line of ours; others may write to the group too.
fn line(event: &ReadEvent) -> Option<LogLine> {
    serde_json::from_str(&event.message).ok()
}

fn name(line: &LogLine) -> Name {
    (line.run.clone(), line.stage.clone(), line.seq)
}

/// The longest part of `text` that stands in an event's JSON as it is, as a quoted phrase: what CloudWatch sorts out
/// need not be sent. The whole text is compared here.
fn pattern(text: &str) -> String {
    let is_plain = |c: char| !c.is_control() && c != '"' && c != '\\';
    let part = text.split(|c| !is_plain(c)).max_by_key(|part| part.len()).unwrap_or_default();
    let part: String = part.chars().take(LONGEST_PATTERN - 2).collect();
    if part.trim().is_empty() { String::new() } else { format!("\"{part}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_json_as_it_is_is_sent() {
        for (text, sent) in [
            ("AUC 0.86", "\"AUC 0.86\""),
            ("said \"no model\" twice", "\"no model\""),
            ("C:\\new", "\"new\""),
            ("\"\\\"", ""),
            (" ", ""),
        ] {
            assert_eq!(pattern(text), sent);
        }
        assert_eq!(pattern(&"€".repeat(5_000)).chars().count(), LONGEST_PATTERN);
    }
}
