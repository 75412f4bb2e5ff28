//! Appending lines to a stage's file: as many in one write as came at once.
//!
//! What was added is in the file when [`Appender::settle`] returns, all of it or nothing. Two processes may have one file
//! open: one that was frozen until another took its run over, and that other. So each has the file to itself from
//! [`Appender::begin`] to [`Appender::settle`], and goes on behind whatever stands in it by then. Nobody waits for one that
//! is frozen just in between: a number that stands twice is the lesser harm.

use super::line_text::{Fields, LineText};
use super::reader::last_line;
use super::room::{Room, Writer};
use super::{Level, LogFolder};
use crate::ids::{RunId, StageName};
use jiff::Timestamp;
use rustix::io::Errno;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::Duration,
};

/// How often it is asked at once whether another has given the file back: most who work have it for less, …
const ASKED_AT_ONCE: u32 = 1_000;
/// … and how often after pauses: half a second in all, far longer than anybody who works has it. Whoever has it then is
/// frozen, perhaps for ever.
const MOST_ASKED: u32 = ASKED_AT_ONCE + 500;
const PAUSE: Duration = Duration::from_millis(1);

/// Bytes of lines in one write, beside the last of them: what came at once is split only if it is a lot.
const ENOUGH: usize = 256 * 1024;

/// The end of a stage's file.
pub(super) struct Appender {
    file: File,
    /// How often is asked for the file while another has it.
    patience: u32,
    /// Bytes in the file.
    length: u64,
    room: Room,
    text: LineText,
    /// Lines that are not in the file yet, as text …
    buffer: Vec<u8>,
    /// … and as what is told of them: number and message.
    added: Vec<(u64, String)>,
    last_seq: u64,
    last_time: Timestamp,
    /// The time of the lines that are being added.
    time: Timestamp,
}

impl Appender {
    /// Opens the log of a stage behind its last whole line.
    pub(super) fn open(folder: &LogFolder, (run, stage): (&RunId, &StageName)) -> io::Result<Self> {
        fs::create_dir_all(folder.of_run(run))?;
        folder.unmark(run)?;
        let path: &Path = &folder.of_stage(run, stage);
        let file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
        let (buffer, added) = Default::default();
        let (room, text) = (Room::of(folder), LineText::of(run, stage));
        let (length, last_seq) = (0, folder.part().before_first_line());
        let (last_time, time) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let mut appender = Self {
            file,
            patience: MOST_ASKED,
            length,
            room,
            text,
            buffer,
            added,
            last_seq,
            last_time,
            time,
        };
        appender.take()?;
        let at_end = appender.go_to_end();
        appender.give_back()?;
        at_end.map(|()| appender)
    }

    /// Behind the last whole line. What stands after it was being written when an agent died, and was never acknowledged.
    fn go_to_end(&mut self) -> io::Result<()> {
        let (length, last) = last_line(&self.file)?;
        self.file.set_len(length)?;
        self.length = length;
        if let Some(line) = last {
            (self.last_seq, self.last_time) = (line.seq, self.last_time.max(line.time));
        }
        Ok(())
    }

    /// Behind what somebody else has written since, if anybody has.
    fn catch_up(&mut self) -> io::Result<()> {
        if self.file.metadata()?.len() == self.length { Ok(()) } else { self.go_to_end() }
    }

    /// The number of the last line in the file.
    pub(super) fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Begins to add lines that were written `now`, once nobody else does; [`Appender::settle`] must follow. Batches must
    /// be in the order of time, so a clock that was set back does not show.
    pub(super) fn begin(&mut self, now: Timestamp) -> io::Result<Timestamp> {
        self.take()?;
        if let Err(error) = self.catch_up() {
            self.give_back()?;
            return Err(error);
        }
        self.time = now.max(self.last_time);
        Ok(self.time)
    }

    /// Adds a line if there is room for it.
    pub(super) fn add(
        &mut self,
        (writer, level): (Writer, Level),
        message: String,
    ) -> io::Result<()> {
        let seq = self.last_seq + self.added.len() as u64 + 1;
        let before = self.buffer.len();
        let fields = Fields { seq, level, time: self.time, message: &message };
        let written = self.text.write(&fields, &mut self.buffer);
        let more = (self.buffer.len() - before) as u64;
        let taken =
            written.and_then(|()| self.room.take(writer, self.length + before as u64, more));
        match taken {
            Ok(()) => self.added.push((seq, message)),
            Err(_) => self.buffer.truncate(before),
        }
        taken
    }

    /// Whether it is time to settle.
    pub(super) fn is_full(&self) -> bool {
        self.buffer.len() >= ENOUGH
    }

    /// Writes what was added, and gives it. If that fails, none of it stands in the file. Others may write then.
    pub(super) fn settle(&mut self) -> io::Result<Vec<(u64, String)>> {
        let written = self.write();
        self.give_back()?;
        written
    }

    /// Has the file to itself, unless its disk knows no locks or whoever has it is frozen.
    fn take(&mut self) -> io::Result<()> {
        for asked in 0..self.patience {
            match self.file.try_lock() {
                Err(TryLockError::WouldBlock) => wait(asked),
                Err(TryLockError::Error(error)) => return where_possible(Err(error)),
                Ok(()) => {
                    self.patience = MOST_ASKED;
                    return Ok(());
                }
            }
        }
        self.patience = 1;
        Ok(())
    }

    fn give_back(&self) -> io::Result<()> {
        where_possible(self.file.unlock())
    }

    fn write(&mut self) -> io::Result<Vec<(u64, String)>> {
        let added = std::mem::take(&mut self.added);
        let written = self.file.write_all(&self.buffer);
        let bytes = self.buffer.len() as u64;
        self.buffer.clear();
        if let Err(error) = written {
            // Half a line must not stand before the next one.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        // All of a run that is over may have been shipped and removed while this process was frozen.
        if self.file.metadata()?.nlink() == 0 {
            let said = "the log was removed, as the run was over and all of it in the cloud";
            return Err(io::Error::new(io::ErrorKind::NotFound, said));
        }
        if let Some((seq, _)) = added.last() {
            self.length += bytes;
            self.last_seq = *seq;
            self.last_time = self.time;
        }
        Ok(added)
    }
}

/// The pause before it is asked again.
#[expect(clippy::disallowed_methods, reason = "another process tells nobody when it is done")]
fn wait(asked: u32) {
    if asked < ASKED_AT_ONCE {
        thread::yield_now();
    } else {
        thread::sleep(PAUSE);
    }
}

/// Some disks know no locks. One process at a time writes there as well, but for one that was frozen.
fn where_possible(locked: io::Result<()>) -> io::Result<()> {
    match locked {
        Err(error) if knows_no_locks(&error) => Ok(()),
        locked => locked,
    }
}

/// Disks say so themselves; those of another machine where nobody there keeps locks (NFS without a lock daemon) in a way
/// of their own.
fn knows_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || Errno::from_io_error(error) == Some(Errno::NOLCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_locks_is_written_to_and_one_that_fails_is_not() {
        for without in [Errno::NOTSUP, Errno::NOSYS, Errno::NOLCK] {
            assert!(where_possible(Err(without.into())).is_ok(), "{without}");
        }
        assert!(where_possible(Err(Errno::IO.into())).is_err());
    }
}
