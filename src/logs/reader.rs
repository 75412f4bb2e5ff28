//! Reading a log file: from its end to go on writing, from anywhere to ship or show it.

use super::LogLine;
use jiff::Timestamp;
use serde::Deserialize;
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// How far from the end the last line begins at most: more than the longest line and a broken one after it.
const TAIL: u64 = 4 * 1024 * 1024;
/// Bytes read at once.
const AT_ONCE: usize = 128 * 1024;
/// Room made for a line in advance at most; a long one is rare.
const USUAL_AT_MOST: usize = 4096;
/// Characters of a time down to its seconds.
const SECOND: usize = "2026-01-01T00:00:00".len();

/// Reads whole lines of a log that may still be growing.
#[derive(Debug)]
pub struct LogReader {
    file: BufReader<File>,
    position: u64,
    /// Bytes to make room for: lines of one log are of a kind.
    usual: usize,
    last: Second,
}

/// A line as a shipper needs it, and the place behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// Place in the stage's log.
    pub seq: u64,
    /// When it was written.
    pub time: Timestamp,
    /// The line as it stands in the file, without its line end.
    pub text: String,
    /// Byte at which the next line begins.
    pub end: u64,
}

/// What is read of a line that is only passed on.
#[derive(Deserialize)]
struct Head<'a> {
    seq: u64,
    #[serde(borrow)]
    time: &'a str,
}

/// A second that was read before, as text and as a number: most lines share it with the line above.
#[derive(Debug, Default)]
struct Second {
    text: String,
    number: i64,
}

/// A line and the place behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The line.
    pub line: LogLine,
    /// The line as it stands in the file, without its line end.
    pub text: String,
    /// Byte at which the next line begins.
    pub end: u64,
}

impl LogReader {
    /// Reads from a byte at which a line begins.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path, position: u64) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(AT_ONCE, File::open(path)?);
        file.seek(SeekFrom::Start(position))?;
        Ok(Self { file, position, usual: 0, last: Second::default() })
    }

    /// The next line, or nothing if there is no whole one yet; ask again later.
    ///
    /// # Errors
    /// If the file cannot be read or the line is none of a log.
    #[expect(clippy::should_implement_trait, reason = "nothing now does not mean nothing later")]
    pub fn next(&mut self) -> io::Result<Option<Piece>> {
        let Some(text) = self.whole_line()? else { return Ok(None) };
        let line = serde_json::from_str(&text)?;
        Ok(Some(Piece { line, text, end: self.position }))
    }

    /// The same, for whoever passes lines on and does not look into them.
    ///
    /// # Errors
    /// If the file cannot be read or the line is none of a log.
    pub fn next_raw(&mut self) -> io::Result<Option<RawLine>> {
        let Some(text) = self.whole_line()? else { return Ok(None) };
        let head: Head<'_> = serde_json::from_str(&text)?;
        let (seq, time) = (head.seq, self.last.time(head.time)?);
        Ok(Some(RawLine { seq, time, text, end: self.position }))
    }

    fn whole_line(&mut self) -> io::Result<Option<String>> {
        let mut bytes = Vec::with_capacity(self.usual);
        let read = self.file.read_until(b'\n', &mut bytes)?;
        if bytes.pop() != Some(b'\n') {
            self.file.seek(SeekFrom::Start(self.position))?;
            return Ok(None);
        }
        self.usual = (read + read / 8).min(USUAL_AT_MOST);
        self.position += u64::try_from(read).map_err(io::Error::other)?;
        String::from_utf8(bytes).map(Some).map_err(io::Error::other)
    }
}

impl Second {
    /// Reads a time as [`LogLine`] writes it: `2026-01-01T00:00:00Z`, or with up to nine digits after the seconds.
    fn time(&mut self, text: &str) -> io::Result<Timestamp> {
        let (second, fraction) = text.split_at_checked(SECOND).unwrap_or((text, ""));
        let digits = match fraction {
            "Z" => Some(""),
            fraction => fraction.strip_prefix('.').and_then(|rest| rest.strip_suffix('Z')),
        };
        let nanoseconds = digits.filter(|_| second == self.text).and_then(nanoseconds);
        if let Some(nanoseconds) = nanoseconds {
            return Timestamp::new(self.number, nanoseconds).map_err(io::Error::other);
        }
        let time: Timestamp = text.parse().map_err(io::Error::other)?;
        // Before 1970 seconds and fractions count in different directions.
        if digits.is_some() && time >= Timestamp::UNIX_EPOCH {
            second.clone_into(&mut self.text);
            self.number = time.as_second();
        }
        Ok(time)
    }
}

/// A fraction of a second, given by its digits.
fn nanoseconds(digits: &str) -> Option<i32> {
    if digits.len() > 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some(padded.fold(0, |number, digit| number * 10 + i32::from(digit - b'0')))
}

/// The end of the last whole line, and that line.
pub(super) fn last_line(mut file: &File) -> io::Result<(u64, Option<LogLine>)> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let Some(end) = tail.iter().rposition(|byte| *byte == b'\n') else {
        let whole = from == 0;
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "the log file holds no lines");
        return if whole { Ok((0, None)) } else { Err(broken()) };
    };
    let start = tail[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = serde_json::from_slice(&tail[start..end])?;
    let end = from + u64::try_from(end + 1).map_err(io::Error::other)?;
    Ok((end, Some(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_are_read_as_they_are_written(
            seconds in proptest::collection::vec((-3_i64..3, 0..1_000_000_000_i32), 1..20), base in 0_i64..4_000_000_000,
        ) {
            let mut last = Second::default();
            for (offset, nanosecond) in seconds {
                for nanosecond in [nanosecond, nanosecond / 1_000_000 * 1_000_000, 0] {
                    let time = Timestamp::new(base, nanosecond).unwrap() + jiff::SignedDuration::from_secs(offset);
                    prop_assert_eq!(last.time(&time.to_string()).unwrap(), time);
                }
            }
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let mut last = Second::default();
        last.time("2026-01-01T00:00:00.5Z").unwrap();
        for text in ["", "2026-01-01T00:00:00", "2026-01-01T00:00:00.xZ", "2026-01-01T00:00:0€Z"]
        {
            assert!(last.time(text).is_err(), "{text}");
        }
        assert!(last.time("2026-01-01T02:00:00.5+02:00").is_ok());
    }
}
