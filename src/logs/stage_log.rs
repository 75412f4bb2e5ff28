//! Writing a stage's log.

use super::reader::last_line;
use super::{Level, LogFolder, LogLine, Masker};
use crate::clock::Clock;
use crate::exec::Ending;
use crate::ids::{RunId, StageName};
use jiff::Timestamp;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

/// Longest message of one line, in bytes; a longer one becomes several lines. Even if every byte were escaped as
/// `\u00XX` the line stays below the million bytes that CloudWatch takes for sure (its "1 MB" is not
/// said to be 2^20; API reference of `PutLogEvents`, 2026-11).
const LONGEST_MESSAGE: usize = 128 * 1024;
/// Marks a message that goes on in the next line …
const CONTINUES: &str = " …[continues]";
/// … and one that began in the line before.
const CONTINUED: &str = "[continued]… ";

/// Hears each line after it was kept.
pub type Observe = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The log of one stage of one run. A line is in the file when [`StageLog::line`] returns: it survives
/// `kill -9`, as the kernel has it.
pub struct StageLog {
    run: RunId,
    stage: StageName,
    masker: Masker,
    clock: Arc<dyn Clock>,
    observe: Observe,
    file: Mutex<Appender>,
}

struct Appender {
    file: File,
    buffer: Vec<u8>,
    next_seq: u64,
    last_time: Timestamp,
}

impl std::fmt::Debug for StageLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StageLog({}/{})", self.run, self.stage)
    }
}

impl StageLog {
    /// Opens the log of a stage and goes on after its last line.
    ///
    /// # Errors
    /// If the file cannot be written, or holds something else than a log.
    pub fn open(
        folder: &LogFolder,
        (run, stage): (&RunId, &StageName),
        masker: Masker,
        clock: Arc<dyn Clock>,
        observe: Observe,
    ) -> io::Result<Self> {
        fs::create_dir_all(folder.of_run(run))?;
        let path = folder.of_stage(run, stage);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        // What stands after the last line end was being written when the agent died, and was never acknowledged.
        let (end, last) = last_line(&file)?;
        file.set_len(end)?;
        let (next_seq, last_time) =
            last.map_or((1, Timestamp::UNIX_EPOCH), |line| (line.seq + 1, line.time));
        let file = Mutex::new(Appender { file, buffer: Vec::new(), next_seq, last_time });
        Ok(Self { run: run.clone(), stage: stage.clone(), masker, clock, observe, file })
    }

    /// Writes a message; each line of it becomes a line of the log.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn line(&self, level: Level, message: &str) -> io::Result<()> {
        let masked = self.masker.mask(message);
        masked.lines().try_for_each(|line| self.append(level, line))
    }

    /// A stream of pieces that add up to lines, such as a command's standard output.
    #[must_use]
    pub fn stream(&self, level: Level) -> LogStream<'_> {
        LogStream { log: self, level, carry: String::new(), is_continued: false }
    }

    /// The masker, to teach it secrets that come up during the stage.
    #[must_use]
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    fn append(&self, level: Level, mut message: &str) -> io::Result<()> {
        if message.len() <= LONGEST_MESSAGE {
            return self.append_one(level, message.to_owned());
        }
        let mut begun = "";
        while message.len() > LONGEST_MESSAGE {
            let (piece, rest) = message.split_at(message.floor_char_boundary(LONGEST_MESSAGE));
            self.append_one(level, format!("{begun}{piece}{CONTINUES}"))?;
            (message, begun) = (rest, CONTINUED);
        }
        self.append_one(level, format!("{begun}{message}"))
    }

    fn append_one(&self, level: Level, message: String) -> io::Result<()> {
        let mut appender = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Batches must be in the order of time, so a clock that was set back does not show.
        let time = self.clock.now().max(appender.last_time);
        let line = LogLine {
            run: self.run.clone(),
            stage: self.stage.clone(),
            seq: appender.next_seq,
            level,
            time,
            message,
        };
        appender.write(&line)?;
        drop(appender);
        (self.observe)(&line);
        Ok(())
    }
}

impl Appender {
    fn write(&mut self, line: &LogLine) -> io::Result<()> {
        self.buffer.clear();
        serde_json::to_writer(&mut self.buffer, line)?;
        self.buffer.push(b'\n');
        let before = self.file.metadata()?.len();
        if let Err(error) = self.file.write_all(&self.buffer) {
            // Half a line must not stand before the next one.
            self.file.set_len(before)?;
            return Err(error);
        }
        self.next_seq = line.seq + 1;
        self.last_time = line.time;
        Ok(())
    }
}

/// A stream of pieces that add up to lines. A secret is masked even where a piece ends inside it.
pub struct LogStream<'a> {
    log: &'a StageLog,
    level: Level,
    carry: String,
    is_continued: bool,
}

impl LogStream<'_> {
    /// Takes the next piece.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn piece(&mut self, text: &str, ending: Ending) -> io::Result<()> {
        self.carry.push_str(text);
        let begun = if self.is_continued { CONTINUED } else { "" };
        match ending {
            Ending::Complete => {
                let line = self.log.masker.mask(&std::mem::take(&mut self.carry));
                self.is_continued = false;
                self.log.append(self.level, &format!("{begun}{line}"))
            }
            Ending::Continued => {
                let (settled, length) = self.log.masker.mask_settled(&self.carry);
                self.carry.drain(..length);
                if settled.is_empty() {
                    return Ok(());
                }
                self.is_continued = true;
                self.log.append(self.level, &format!("{begun}{settled}{CONTINUES}"))
            }
        }
    }
}
