//! Writing a stage's log.

use super::appender::Appender;
use super::parts::{Begun, Goes, parts};
use super::room::Writer;
use super::{Level, LogFolder, LogLine, MaskStream, Masker};
use crate::clock::Clock;
use crate::exec::{Ending, Line};
use crate::ids::{LogPart, RunId, StageName};
use std::{
    borrow::Cow,
    io,
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
    part: LogPart,
    masker: Masker,
    clock: Arc<dyn Clock>,
    observe: Observe,
    file: Mutex<Appender>,
}

/// A masked message or a part of one.
struct Message<'m> {
    text: Cow<'m, str>,
    begun: Begun,
    goes: Goes,
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
        let file = Mutex::new(Appender::open(folder, (run, stage))?);
        let (run, stage, part) = (run.clone(), stage.clone(), folder.part());
        Ok(Self { run, stage, part, masker, clock, observe, file })
    }

    /// Writes a message; each line of it becomes a line of the log.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn line(&self, level: Level, message: &str) -> io::Result<()> {
        let masked = self.masker.mask(message);
        let lines = if masked.is_empty() { "\n" } else { masked.as_ref() }.lines();
        let mut messages = lines.map(|line| Message {
            text: Cow::Borrowed(line),
            begun: Begun::Here,
            goes: Goes::Ends,
        });
        self.append((Writer::Agent, level), &mut messages)
    }

    /// A stream of pieces that add up to lines, such as a command's standard output.
    #[must_use]
    pub fn stream(&self, level: Level) -> LogStream<'_> {
        LogStream { log: self, level, carry: MaskStream::default(), begun: Begun::Here }
    }

    /// The number of the last line; if there is none, the one before the first of this part, which is 0 in the first part.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).last_seq()
    }

    /// The part of the run's log that is written; others may be with other agents.
    #[must_use]
    pub fn part(&self) -> LogPart {
        self.part
    }

    /// The masker, to teach it secrets that come up during the stage.
    #[must_use]
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    fn append<'m>(
        &self,
        origin: (Writer, Level),
        messages: &mut dyn Iterator<Item = Message<'m>>,
    ) -> io::Result<()> {
        let mut messages = messages.peekable();
        while messages.peek().is_some() {
            self.append_some(origin, &mut messages)?;
        }
        Ok(())
    }

    /// Keeps as many messages as go into one write, then tells of them.
    fn append_some<'m>(
        &self,
        (writer, level): (Writer, Level),
        messages: &mut dyn Iterator<Item = Message<'m>>,
    ) -> io::Result<()> {
        let mut appender = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let time = appender.begin(self.clock.now())?;
        let mut added = Ok(());
        while let (Ok(()), false) = (&added, appender.is_full()) {
            let Some(Message { text, begun, goes }) = messages.next() else { break };
            let is_empty = text.is_empty() && begun == Begun::Here;
            let text = if is_empty { EMPTY } else { text.as_ref() };
            added = parts(text, begun, goes)
                .try_for_each(|part| appender.add((writer, level), part.into_owned()));
        }
        // What there was room for is kept, whatever came after it.
        let kept = appender.settle()?;
        drop(appender);
        let (run, stage, message) = (self.run.clone(), self.stage.clone(), String::new());
        let mut line = LogLine { run, stage, seq: 0, level, time, message };
        for (seq, message) in kept {
            (line.seq, line.message) = (seq, message);
            (self.observe)(&line);
        }
        added
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
        self.take(&mut [(text, ending)].into_iter())
    }

    /// Takes pieces that came at once, and keeps them at once.
    ///
    /// # Errors
    /// If the file cannot be written, or the log has reached its limit.
    pub fn pieces(&mut self, lines: &[Line]) -> io::Result<()> {
        self.take(&mut lines.iter().map(|line| (line.text.as_str(), line.ending)))
    }

    fn take(&mut self, pieces: &mut dyn Iterator<Item = (&str, Ending)>) -> io::Result<()> {
        let (log, level) = (self.log, self.level);
        let mut messages = pieces.filter_map(|(text, ending)| self.message(text, ending));
        log.append((Writer::Command, level), &mut messages)
    }

    fn message<'t>(&mut self, text: &'t str, ending: Ending) -> Option<Message<'t>> {
        let masker = &self.log.masker;
        let (text, goes, next) = match ending {
            Ending::Complete => (self.carry.finish(masker, text), Goes::Ends, Begun::Here),
            Ending::Continued => {
                (Cow::Owned(self.carry.push(masker, text)), Goes::On, Begun::Before)
            }
        };
        if goes == Goes::On && text.is_empty() {
            return None;
        }
        let begun = std::mem::replace(&mut self.begun, next);
        Some(Message { text, begun, goes })
    }
}
