//! Bytes of a pipe as lines of text.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest piece handed on at once, in bytes; a longer line comes in pieces. Small against the limits of every
/// log service, large against what people read.
pub const LONGEST_LINE: usize = 64 * 1024;

/// A line of a command's output, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it was written.
    pub source: Source,
    /// The text without its line end; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// Whether the line goes on in the next piece.
    pub ending: Ending,
}

/// The stream of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What comes after a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The line is complete.
    Complete,
    /// It was longer than [`LONGEST_LINE`] and goes on.
    Continued,
}

/// Reads one pipe.
#[derive(Debug)]
pub(super) struct Lines<R> {
    pipe: R,
    source: Source,
    buffer: Vec<u8>,
    is_open: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn of(pipe: R, source: Source) -> Self {
        Self { pipe, source, buffer: Vec::with_capacity(LONGEST_LINE), is_open: true }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Waits for more bytes. Dropping the future loses none.
    pub(super) async fn read(&mut self) -> io::Result<()> {
        let read = self.pipe.read_buf(&mut self.buffer).await?;
        self.is_open = read > 0;
        Ok(())
    }

    /// Hands on what can be handed on, in one go: whole lines, pieces of long ones, and at the end the rest.
    pub(super) fn drain(&mut self, sink: &mut super::Sink<'_>) -> io::Result<()> {
        let (mut start, mut lines) = (0, Vec::new());
        loop {
            let rest = &self.buffer[start..];
            let newline = rest.iter().take(LONGEST_LINE + 1).position(|byte| *byte == b'\n');
            let (length, skip, ending) = match newline {
                Some(length) => (length, 1, Ending::Complete),
                None if rest.len() > LONGEST_LINE => {
                    (character_boundary(rest, LONGEST_LINE), 0, Ending::Continued)
                }
                None if !self.is_open && !rest.is_empty() => (rest.len(), 0, Ending::Complete),
                None => break,
            };
            let mut bytes = &rest[..length];
            if ending == Ending::Complete {
                bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            lines.push(Line { source: self.source, text, ending });
            start += length + skip;
        }
        self.buffer.drain(..start);
        if lines.is_empty() { Ok(()) } else { sink(lines) }
    }
}

/// A sink that hears one line at a time.
pub fn each(
    mut hear: impl FnMut(Line) -> io::Result<()> + Send,
) -> impl FnMut(Vec<Line>) -> io::Result<()> + Send {
    move |lines| lines.into_iter().try_for_each(&mut hear)
}

/// The last place at or before `at` where no character of UTF-8 is cut.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let is_continuation = |index: &usize| bytes[*index] & 0b1100_0000 == 0b1000_0000;
    // A character has at most four bytes; more continuation bytes than that are no UTF-8 anyway.
    (at.saturating_sub(3)..=at).rev().find(|index| !is_continuation(index)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(bytes: &[u8]) -> Vec<(String, Ending)> {
        let mut lines = Lines::of(bytes, Source::Output);
        let mut seen = Vec::new();
        while lines.is_open() {
            lines.read().await.unwrap();
            let mut keep = each(|line| {
                seen.push((line.text, line.ending));
                Ok(())
            });
            lines.drain(&mut keep).unwrap();
        }
        seen
    }

    fn whole(text: &str) -> (String, Ending) {
        (text.to_owned(), Ending::Complete)
    }

    #[tokio::test]
    async fn lines_end_with_a_newline_or_with_the_pipe() {
        assert_eq!(lines(b"a\r\n\nb").await, [whole("a"), whole(""), whole("b")]);
        assert_eq!(lines(b"").await, []);
        assert_eq!(lines(b"\xff\n").await, [whole("\u{fffd}")]);
    }

    #[tokio::test]
    async fn a_long_line_comes_in_pieces_that_cut_no_character() {
        let text = "€".repeat(LONGEST_LINE);
        let pieces = lines(format!("{text}\nend\n").as_bytes()).await;
        let (last, continued) = pieces[..pieces.len() - 1].split_last().unwrap();
        assert!(continued.iter().all(|(_, ending)| *ending == Ending::Continued));
        assert!(pieces.iter().all(|(piece, _)| piece.len() <= LONGEST_LINE));
        assert_eq!(last.1, Ending::Complete);
        let joined: String = pieces[..pieces.len() - 1].iter().map(|(t, _)| t.as_str()).collect();
        assert_eq!(joined, text);
        assert_eq!(pieces.last(), Some(&whole("end")));
    }
}
