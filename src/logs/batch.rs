//! Cutting a log into batches that CloudWatch takes.

use super::{LogEvent, RawLine};
use jiff::Timestamp;
use std::{io, time::Duration};

// Limits of PutLogEvents (API reference, 2026-11).

/// Events in a batch.
pub const MOST_EVENTS: usize = 10_000;
/// Bytes in a batch: the messages as UTF-8 and [`EVENT_OVERHEAD`] for each.
pub const MOST_BYTES: usize = 1_048_576;
/// Bytes that an event counts beside its message.
pub const EVENT_OVERHEAD: usize = 26;
/// Bytes in one message: "1 MB", taken as a million to be safe under either reading.
pub const LONGEST_EVENT: usize = 1_000_000;
/// Time between the first and the last event, with a minute to spare for what "24 hours" includes.
const LONGEST_SPAN: Duration = Duration::from_secs(24 * 60 * 60 - 60);
/// Age at which an event is thrown away by the service.
const OLDEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Which lines a batch may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extent {
    /// As many as the limits allow, but no more than this many, and none that is too old at this moment.
    Fresh(usize, Timestamp),
    /// Exactly those up to this one, which were put once already.
    Through(u64),
}

/// The next lines of a log, all of one fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Batch {
    /// To be put.
    Put { events: Vec<LogEvent>, last_seq: u64, end: u64 },
    /// Never to be put, for this reason.
    Reject { lines: u64, reason: &'static str, last_seq: u64, end: u64 },
    /// There are none.
    Empty,
}

/// Takes the next batch from `lines`.
pub(super) fn take(
    mut lines: impl FnMut() -> io::Result<Option<RawLine>>,
    extent: Extent,
) -> io::Result<Batch> {
    let mut events: Vec<LogEvent> = Vec::new();
    let (mut bytes, mut last_seq, mut end) = (0, 0, 0);
    while let Some(piece) = lines()? {
        if let Some(reason) = unfit(&piece, extent) {
            if events.is_empty() {
                return reject(piece, reason, lines, extent);
            }
            break;
        }
        let time = piece.time.as_millisecond();
        let time = events.last().map_or(time, |last| last.timestamp_ms.max(time));
        let span = events.first().map_or(0, |first| time.abs_diff(first.timestamp_ms));
        bytes += piece.text.len() + EVENT_OVERHEAD;
        let is_full = bytes > MOST_BYTES
            || events.len() >= most(extent)
            || Duration::from_millis(span) > LONGEST_SPAN;
        if is_full && !events.is_empty() {
            break;
        }
        events.push(LogEvent { timestamp_ms: time, message: piece.text });
        (last_seq, end) = (piece.seq, piece.end);
        if matches!(extent, Extent::Through(last) if last_seq >= last) {
            break;
        }
    }
    Ok(if events.is_empty() { Batch::Empty } else { Batch::Put { events, last_seq, end } })
}

/// Gathers the lines that share the first one's fate.
fn reject(
    first: RawLine,
    reason: &'static str,
    mut lines: impl FnMut() -> io::Result<Option<RawLine>>,
    extent: Extent,
) -> io::Result<Batch> {
    let (mut count, mut last) = (1, first);
    while let Some(piece) = lines()? {
        if unfit(&piece, extent) != Some(reason) {
            break;
        }
        (count, last) = (count + 1, piece);
    }
    Ok(Batch::Reject { lines: count, reason, last_seq: last.seq, end: last.end })
}

fn most(extent: Extent) -> usize {
    match extent {
        Extent::Fresh(most, _) => most.clamp(1, MOST_EVENTS),
        Extent::Through(_) => MOST_EVENTS,
    }
}

fn unfit(piece: &RawLine, extent: Extent) -> Option<&'static str> {
    let Extent::Fresh(_, now) = extent else { return None };
    let age = now.duration_since(piece.time);
    if piece.text.len() > LONGEST_EVENT {
        Some("too long")
    } else if Duration::try_from(age).is_ok_and(|age| age > OLDEST) {
        Some("too old")
    } else {
        None
    }
}
