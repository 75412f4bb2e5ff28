//! Reading a log file: from its end to go on writing, from anywhere to ship or show it.

use super::LogLine;
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

/// How far from the end the last line begins at most: more than the longest line and a broken one after it.
const TAIL: u64 = 4 * 1024 * 1024;

/// Reads whole lines of a log that may still be growing.
#[derive(Debug)]
pub struct LogReader {
    file: BufReader<File>,
    position: u64,
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
        let mut file = BufReader::new(File::open(path)?);
        file.seek(SeekFrom::Start(position))?;
        Ok(Self { file, position })
    }

    /// The next line, or nothing if there is no whole one yet; ask again later.
    ///
    /// # Errors
    /// If the file cannot be read or the line is none of a log.
    #[expect(clippy::should_implement_trait, reason = "nothing now does not mean nothing later")]
    pub fn next(&mut self) -> io::Result<Option<Piece>> {
        let mut bytes = Vec::new();
        let read = self.file.read_until(b'\n', &mut bytes)?;
        if bytes.pop() != Some(b'\n') {
            self.file.seek(SeekFrom::Start(self.position))?;
            return Ok(None);
        }
        self.position += u64::try_from(read).map_err(io::Error::other)?;
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        let line = serde_json::from_str(&text)?;
        Ok(Some(Piece { line, text, end: self.position }))
    }
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
