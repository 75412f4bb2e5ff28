//! Where the log files are.
//!
//! A run's files are in a folder of its own, one for each stage: `train.jsonl`. Where the run was taken over from an
//! agent that keeps logs elsewhere, the stage has another file for what is written from then on, with the number of that
//! part: `train@1.jsonl`.

use super::Limits;
use crate::ids::{KeeperId, LogPart, RunId, StageName};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// In the folder of all logs: its id.
const KEEPER: &str = "keeper";
/// How the names of log files end.
const ENDING: &str = ".jsonl";

/// The folder of all logs, `.agent/logs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFolder {
    path: PathBuf,
    limits: Limits,
    part: LogPart,
}

/// What one file holds: the lines of a stage in one part of the run's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StagePart {
    /// The stage.
    pub stage: StageName,
    /// The part.
    pub part: LogPart,
}

impl fmt::Display for StagePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, part } = self;
        if *part == LogPart::FIRST { write!(f, "{stage}") } else { write!(f, "{stage}@{}", part.0) }
    }
}

impl FromStr for StagePart {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stage, part) = text.split_once('@').unwrap_or((text, "0"));
        let refused = || format!("'{text}' is no stage's log");
        let stage = stage.parse().map_err(|_| refused())?;
        let part = LogPart(part.parse().map_err(|_| refused())?);
        let this = Self { stage, part };
        // One name only: what could be written otherwise was not written by an agent.
        if this.to_string() == text { Ok(this) } else { Err(refused()) }
    }
}

impl LogFolder {
    /// The logs below this folder; what is written is of the first part.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { path: folder.into(), limits: Limits::default(), part: LogPart::FIRST }
    }

    /// The same folder, of which logs may take another part of the disk.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same folder, where what is written is of that part.
    #[must_use]
    pub fn for_part(self, part: LogPart) -> Self {
        Self { part, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn part(&self) -> LogPart {
        self.part
    }

    /// The id of the folder, by which agents that share a store know where a log is. It is made when it is first asked
    /// for, and lies in the folder.
    ///
    /// # Errors
    /// If it can be neither read nor made.
    pub fn keeper(&self) -> io::Result<KeeperId> {
        let file = self.path.join(KEEPER);
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(&self.path)?;
                let id = KeeperId::from(uuid::Uuid::now_v7());
                let new = self.path.join(format!("{KEEPER}.{id}"));
                fs::write(&new, id.as_str())?;
                // Whoever is first has named the folder; the name is never there in part.
                let linked = fs::hard_link(&new, &file);
                fs::remove_file(&new)?;
                match linked {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    Ok(()) | Err(_) => id_in(&fs::read_to_string(&file)?),
                }
            }
            read => id_in(&read?),
        }
    }

    /// The folder of one run's logs.
    #[must_use]
    pub fn of_run(&self, run: &RunId) -> PathBuf {
        self.path.join(run.as_str())
    }

    /// The file of one stage's log, in the part that is written.
    #[must_use]
    pub fn of_stage(&self, run: &RunId, stage: &StageName) -> PathBuf {
        self.of(run, &StagePart { stage: stage.clone(), part: self.part })
    }

    /// The file of one part of a stage's log.
    #[must_use]
    pub fn of(&self, run: &RunId, file: &StagePart) -> PathBuf {
        self.of_run(run).join(format!("{file}{ENDING}"))
    }

    /// The files of a run's log that are here, by stage and part.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn files(&self, run: &RunId) -> io::Result<Vec<StagePart>> {
        let entries = match fs::read_dir(self.of_run(run)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let file = Path::new(&name).to_str().and_then(|name| name.strip_suffix(ENDING));
            files.extend(file.and_then(|file| file.parse().ok()));
        }
        files.sort();
        Ok(files)
    }
}

fn id_in(text: &str) -> io::Result<KeeperId> {
    let broken = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    text.trim().parse().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_id_whoever_asks_first() {
        let temporary = tempfile::TempDir::new().unwrap();
        let folder = LogFolder::at(temporary.path().join("logs"));
        let ids: Vec<KeeperId> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| folder.keeper().unwrap())).collect();
            asked.into_iter().map(|asked| asked.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        assert_ne!(LogFolder::at(temporary.path().join("other")).keeper().unwrap(), ids[0]);
        fs::write(folder.path().join(KEEPER), "not an id").unwrap();
        assert_eq!(folder.keeper().unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn files_are_named_by_stage_and_part() {
        for text in ["train", "train.test", "train@1", "a-b@4294967295"] {
            assert_eq!(text.parse::<StagePart>().unwrap().to_string(), text);
        }
        for text in ["", "@1", "train@", "train@0", "train@01", "train@x", "train@1@2", "../x"] {
            assert!(text.parse::<StagePart>().is_err(), "{text}");
        }
    }
}
