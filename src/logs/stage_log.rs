//! Writing a stage's log.

use super::line_text::LineText;
use super::parts::{Begun, Goes, parts};
use super::reader::last_line;
use super::room::{Room, Writer};
use super::{Level, LogFolder, LogLine, MaskStream, Masker};
use crate::clock::Clock;
use crate::exec::Ending;
use crate::ids::{RunId, StageName};
use jiff::Timestamp;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

/// An empty line is kept as this: CloudWatch takes no empty message.
const EMPTY: &str = " ";

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
    /// Bytes in the file; nobody else writes to it.
    length: u64,
    room: Room,
    text: LineText,
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
        folder.note_unshipped(run)?;
        let path = folder.of_stage(run, stage);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        // What stands after the last line end was being written when the agent died, and was never acknowledged.
        let (end, last) = last_line(&file)?;
        file.set_len(end)?;
        let (next_seq, last_time) =
            last.map_or((1, Timestamp::UNIX_EPOCH), |line| (line.seq + 1, line.time));
        let (text, buffer) = Default::default();
        let room = Room::of(folder);
        let appender = Appender { file, length: end, room, text, buffer, next_seq, last_time };
        let file = Mutex::new(appender);
        Ok(Self { run: run.clone(), stage: stage.clone(), masker, clock, observe, file })
    }

    /// Writes a message; each line of it becomes a line of the log.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn line(&self, level: Level, message: &str) -> io::Result<()> {
        let masked = self.masker.mask(message);
        let lines = if masked.is_empty() { "\n" } else { masked.as_ref() }.lines();
        for line in lines {
            self.append((Writer::Agent, level), line, (Begun::Here, Goes::Ends))?;
        }
        Ok(())
    }

    /// A stream of pieces that add up to lines, such as a command's standard output.
    #[must_use]
    pub fn stream(&self, level: Level) -> LogStream<'_> {
        LogStream { log: self, level, carry: MaskStream::default(), begun: Begun::Here }
    }

    /// The masker, to teach it secrets that come up during the stage.
    #[must_use]
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    fn append(
        &self,
        (writer, level): (Writer, Level),
        message: &str,
        (begun, goes): (Begun, Goes),
    ) -> io::Result<()> {
        let message = if message.is_empty() && begun == Begun::Here { EMPTY } else { message };
        for part in parts(message, begun, goes) {
            let line = self.append_one((writer, level), part.into_owned())?;
            (self.observe)(&line);
        }
        Ok(())
    }

    fn append_one(&self, (writer, level): (Writer, Level), message: String) -> io::Result<LogLine> {
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
        appender.write(writer, &line)?;
        Ok(line)
    }
}

impl Appender {
    fn write(&mut self, writer: Writer, line: &LogLine) -> io::Result<()> {
        self.buffer.clear();
        self.text.write(line, &mut self.buffer)?;
        let more = self.buffer.len() as u64;
        self.room.take(writer, self.length, more)?;
        if let Err(error) = self.file.write_all(&self.buffer) {
            // Half a line must not stand before the next one.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += more;
        self.next_seq = line.seq + 1;
        self.last_time = line.time;
        Ok(())
    }
}

/// A stream of pieces that add up to lines. A secret is masked even where a piece ends inside it.
pub struct LogStream<'a> {
    log: &'a StageLog,
    level: Level,
    carry: MaskStream,
    begun: Begun,
}

impl LogStream<'_> {
    /// Takes the next piece.
    ///
    /// # Errors
    /// If the file cannot be written, or the log has reached its limit.
    pub fn piece(&mut self, text: &str, ending: Ending) -> io::Result<()> {
        let masker = &self.log.masker;
        match ending {
            Ending::Complete => {
                let line = self.carry.finish(masker, text);
                let begun = std::mem::replace(&mut self.begun, Begun::Here);
                self.log.append((Writer::Command, self.level), &line, (begun, Goes::Ends))
            }
            Ending::Continued => {
                let settled = self.carry.push(masker, text);
                if settled.is_empty() {
                    return Ok(());
                }
                let begun = std::mem::replace(&mut self.begun, Begun::Before);
                self.log.append((Writer::Command, self.level), &settled, (begun, Goes::On))
            }
        }
    }
}
