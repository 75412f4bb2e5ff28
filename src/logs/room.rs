//! How much of the disk logs may take, and what happens when that is reached.
//!
//! A stage's log grows up to a limit, and so do all logs of a state folder together. Where the folder is full, the
//! logs of the runs that ended first go, if every line of theirs is in the cloud; a note stays in their place.
//! Lines that are nowhere else never go. If that makes no room, or the stage's own limit is reached, writing fails
//! with words that say so, and the stage with it: no line is lost without anybody knowing.

use super::LogFolder;
use crate::ids::RunId;
use std::{fs, io, path::Path};

/// Bytes that one stage's log may have.
const MOST_OF_STAGE: u64 = 32 * GIB;
/// Bytes that all logs of a state folder may have.
const MOST_OF_FOLDER: u64 = 64 * GIB;
/// Kept free of what commands write, so that the agent can say why a stage ends.
const RESERVE: u64 = 1024 * 1024;
/// The folder is measured again after so many bytes, as other runs write to it too.
const MEASURE_EVERY: u64 = 64 * 1024 * 1024;
const GIB: u64 = 1024 * 1024 * 1024;

/// In a run's folder: its logs were here and are in the cloud only.
const REMOVED: &str = "removed";

/// How much of the disk logs may take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// One stage's log.
    pub stage: u64,
    /// All logs of a state folder.
    pub folder: u64,
    /// What of both is for the agent's own words only.
    pub reserve: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stage: MOST_OF_STAGE, folder: MOST_OF_FOLDER, reserve: RESERVE }
    }
}

/// Who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The agent, which says little, and why a stage ends.
    Agent,
    /// A command, which may never end.
    Command,
}

/// The room that one stage's log has.
#[derive(Debug)]
pub struct Room {
    folder: LogFolder,
    limits: Limits,
    /// Bytes that may be written until the folder is measured again.
    granted: u64,
}

impl Room {
    pub(super) fn of(folder: &LogFolder) -> Self {
        Self { folder: folder.clone(), limits: folder.limits(), granted: 0 }
    }

    /// Asks for room for `more` bytes behind the `length` that the stage's log has.
    pub(super) fn take(&mut self, writer: Writer, length: u64, more: u64) -> io::Result<()> {
        let reserve = if writer == Writer::Agent { 0 } else { self.limits.reserve };
        if length + more > self.limits.stage.saturating_sub(reserve) {
            return Err(full("the stage's log", self.limits.stage));
        }
        if more > self.granted {
            self.granted = self.measure(more + reserve)?;
        }
        self.granted -= more;
        Ok(())
    }

    /// Bytes that may be written now, at least `wanted` of them; makes room if need be.
    fn measure(&self, wanted: u64) -> io::Result<u64> {
        let mut used = self.folder.size()?;
        // Oldest first.
        for run in self.folder.runs()? {
            if used + wanted <= self.limits.folder {
                break;
            }
            if self.folder.is_shipped(&run)? {
                used -= self.folder.remove_shipped(&run)?.min(used);
            }
        }
        match self.limits.folder.checked_sub(used) {
            Some(free) if free >= wanted => Ok(free.min(MEASURE_EVERY.max(wanted))),
            Some(_) | None => Err(full("the folder of all logs", self.limits.folder)),
        }
    }
}

fn full(what: &str, limit: u64) -> io::Error {
    let said = format!(
        "{what} has reached its limit of {limit} bytes, and no more of it is both old and in the cloud"
    );
    io::Error::new(io::ErrorKind::QuotaExceeded, said)
}

impl LogFolder {
    /// Whether a run's logs were removed to make room; they are in the cloud.
    #[must_use]
    pub fn was_removed(&self, run: &RunId) -> bool {
        self.of_run(run).join(REMOVED).exists()
    }

    /// Bytes of all logs.
    fn size(&self) -> io::Result<u64> {
        let mut bytes = 0;
        for run in self.runs()? {
            for file in self.files(&run)? {
                match fs::metadata(self.of(&run, &file)) {
                    Ok(file) => bytes += file.len(),
                    Err(error) => gone(Err(error))?,
                }
            }
        }
        Ok(bytes)
    }

    /// Removes a run's logs and answers how many bytes they had.
    fn remove_shipped(&self, run: &RunId) -> io::Result<u64> {
        let mut bytes = 0;
        fs::write(self.of_run(run).join(REMOVED), "")?;
        for file in self.files(run)? {
            let file = self.of(run, &file);
            bytes += fs::metadata(&file).map_or(0, |file| file.len());
            gone(fs::remove_file(file))?;
        }
        self.unmark(run)?;
        Ok(bytes)
    }

    /// The runs that have a folder; ids sort by time.
    pub(super) fn runs(&self) -> io::Result<Vec<RunId>> {
        let entries = match fs::read_dir(self.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut runs = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            runs.extend(Path::new(&name).to_str().and_then(|name| name.parse().ok()));
        }
        runs.sort();
        Ok(runs)
    }
}

/// Another agent may have made room at the same time.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
