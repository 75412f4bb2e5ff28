//! A run's lines as one stream: those of all its stages in the order of time, read a line at a time, and gone on with
//! from wherever somebody stopped.

use super::{LogFolder, LogLine, LogReader, Piece, StagePart};
use crate::ids::{LogPart, RunId, StageName};
use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read as _, Seek as _, SeekFrom},
    str::FromStr,
};

/// Files that a place names at most.
const MOST_FILES: usize = 256;
/// Bits of an offset that say how far a file was read; the others are the number of its part. No log grows so long.
const BITS_OF_FILE: u32 = 40;

/// How far somebody has read each file of a log, in bytes; written `stage:bytes,stage:bytes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    read: BTreeMap<StagePart, u64>,
    /// Parts before this one have been read.
    since: LogPart,
}

/// Reads the lines of a run.
#[derive(Debug)]
pub struct Tail {
    folder: LogFolder,
    run: RunId,
    only: Option<StageName>,
    files: BTreeMap<StagePart, Reading>,
    begun_at: Places,
}

/// One file, and its next line if that was read already.
#[derive(Debug)]
struct Reading {
    reader: LogReader,
    handed_out: u64,
    next: Option<Piece>,
    dry: bool,
}

impl Places {
    /// All that comes behind this [offset](Self::offset) of one stage's log.
    #[must_use]
    pub fn behind(stage: StageName, offset: u64) -> Self {
        let part = LogPart(u32::try_from(offset >> BITS_OF_FILE).unwrap_or(u32::MAX));
        let bytes = offset & ((1 << BITS_OF_FILE) - 1);
        Self { read: [(StagePart { stage, part }, bytes)].into(), since: part }
    }

    /// How far a stage's log was read: bytes of its first part, and a high number for who read of a later one.
    #[must_use]
    pub fn offset(&self, stage: &StageName) -> u64 {
        let last = self.read.iter().rev().find(|(file, bytes)| file.stage == *stage && **bytes > 0);
        last.map_or(0, |(file, bytes)| (u64::from(file.part.0) << BITS_OF_FILE) + bytes)
    }

    fn of(&self, file: &StagePart) -> u64 {
        self.read.get(file).copied().unwrap_or_default()
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (file, bytes)) in self.read.iter().enumerate() {
            let between = if number == 0 { "" } else { "," };
            write!(f, "{between}{file}:{bytes}")?;
        }
        Ok(())
    }
}

impl FromStr for Places {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || "places in a log are written STAGE:BYTES,STAGE:BYTES".to_owned();
        let mut read = BTreeMap::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (file, bytes) = part.split_once(':').ok_or_else(refused)?;
            let file = file.parse().map_err(|_| refused())?;
            read.insert(file, bytes.parse().map_err(|_| refused())?);
            if read.len() > MOST_FILES {
                return Err(refused());
            }
        }
        Ok(Self { read, since: LogPart::FIRST })
    }
}

impl Tail {
    /// The lines of `run`, of one stage if that is wanted, from the first on.
    #[must_use]
    pub fn new(folder: LogFolder, run: RunId, only: Option<StageName>) -> Self {
        Self { folder, run, only, files: BTreeMap::new(), begun_at: Places::default() }
    }

    /// The same lines from these places on.
    #[must_use]
    pub fn from(self, places: Places) -> Self {
        Self { begun_at: places, ..self }
    }

    /// Where the lines stop that were handed out.
    #[must_use]
    pub fn places(&self) -> Places {
        let mut places = self.begun_at.clone();
        let read = self.files.iter().map(|(file, log)| (file.clone(), log.handed_out));
        places.read.extend(read);
        places
    }

    /// Looks for logs and lines that were not there before. To be called before [`next`](Self::next), and again when
    /// that has come to the end.
    ///
    /// # Errors
    /// A log cannot be read, or a place is not where a line begins.
    pub fn look(&mut self) -> io::Result<()> {
        for file in self.folder.files(&self.run)? {
            let is_other = self.only.as_ref().is_some_and(|only| *only != file.stage);
            if is_other || file.part < self.begun_at.since {
                continue;
            }
            if let Some(log) = self.files.get_mut(&file) {
                log.dry = false;
            } else {
                let at = self.begun_at.of(&file);
                if let Some(log) = self.open(&file, at)? {
                    self.files.insert(file, log);
                }
            }
        }
        Ok(())
    }

    /// The next line in the order of time, or nothing if there is none by now.
    ///
    /// # Errors
    /// A log cannot be read.
    #[expect(clippy::should_implement_trait, reason = "nothing now does not mean nothing later")]
    pub fn next(&mut self) -> io::Result<Option<LogLine>> {
        for log in self.files.values_mut().filter(|log| log.next.is_none() && !log.dry) {
            log.next = log.reader.next()?;
            log.dry = log.next.is_none();
        }
        let time = |log: &Reading| log.next.as_ref().map(|piece| piece.line.time);
        let ready = self.files.values_mut().filter(|log| log.next.is_some());
        let Some(first) = ready.min_by_key(|log| time(log)) else { return Ok(None) };
        let piece = first.next.take();
        first.handed_out = piece.as_ref().map_or(first.handed_out, |piece| piece.end);
        Ok(piece.map(|piece| piece.line))
    }

    fn open(&self, name: &StagePart, at: u64) -> io::Result<Option<Reading>> {
        let path = self.folder.of(&self.run, name);
        let mut file = match std::fs::File::open(&path) {
            Ok(file) => file,
            // Removed to make room since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(before) = at.checked_sub(1) {
            let mut byte = [0];
            file.seek(SeekFrom::Start(before))?;
            if file.read(&mut byte)? != 1 || byte != *b"\n" {
                let message = format!("no line of '{name}' begins at byte {at}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        let reader = LogReader::open(&path, at)?;
        Ok(Some(Reading { reader, handed_out: at, next: None, dry: false }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Level;
    use std::{fs, io::Write as _};

    const RUN: &str = "019aab00-0000-7000-8000-000000000001";

    fn line(stage: &str, seq: u64, second: i64) -> String {
        let line = LogLine {
            run: RUN.parse().unwrap(),
            stage: stage.parse().unwrap(),
            seq,
            level: Level::Info,
            time: jiff::Timestamp::from_second(second).unwrap(),
            message: format!("{stage} {seq}"),
        };
        serde_json::to_string(&line).unwrap() + "\n"
    }

    fn rest(tail: &mut Tail) -> Vec<String> {
        tail.look().unwrap();
        std::iter::from_fn(|| tail.next().unwrap()).map(|line| line.message).collect()
    }

    #[test]
    fn stages_are_merged_by_time_and_reading_goes_on_where_it_stopped() {
        let temporary = tempfile::TempDir::new().unwrap();
        let (folder, run) = (LogFolder::at(temporary.path()), RUN.parse::<RunId>().unwrap());
        fs::create_dir_all(folder.of_run(&run)).unwrap();
        let (a, b) = ("a".parse().unwrap(), "b.c".parse().unwrap());
        fs::write(folder.of_stage(&run, &a), line("a", 1, 1) + &line("a", 2, 4)).unwrap();
        let mut tail = Tail::new(folder.clone(), run.clone(), None);
        tail.look().unwrap();
        assert_eq!(tail.next().unwrap().unwrap().message, "a 1");
        let stopped: Places = tail.places().to_string().parse().unwrap();
        fs::write(folder.of_stage(&run, &b), line("b.c", 1, 3) + "{\"half").unwrap();
        assert_eq!(rest(&mut tail), ["b.c 1", "a 2"], "the second log was not there at first");
        let mut again = Tail::new(folder.clone(), run.clone(), None).from(stopped);
        assert_eq!(rest(&mut again), ["b.c 1", "a 2"]);
        assert_eq!(again.places(), tail.places());
        let mut log = fs::OpenOptions::new().append(true).open(folder.of_stage(&run, &a)).unwrap();
        log.write_all(line("a", 3, 5).as_bytes()).unwrap();
        assert_eq!(rest(&mut again), ["a 3"]);
        let mut only = Tail::new(folder.clone(), run.clone(), Some(b));
        assert_eq!(rest(&mut only), ["b.c 1"]);
        let mut inside = Tail::new(folder, run, None).from(Places::behind(a, 7));
        assert_eq!(inside.look().unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn places_are_read_as_they_are_written_and_nothing_else_is() {
        for text in ["", "a:0", "a-b.c:12,d:3", "a:7,a@1:12,a@3:0"] {
            assert_eq!(text.parse::<Places>().unwrap().to_string(), text);
        }
        for text in ["a", "a:", "a:-1", "../x:1", ":1", "a@0:1", "a:99999999999999999999999"] {
            assert!(text.parse::<Places>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_offset_goes_on_in_a_later_part() {
        let temporary = tempfile::TempDir::new().unwrap();
        let (folder, run) = (LogFolder::at(temporary.path()), RUN.parse::<RunId>().unwrap());
        fs::create_dir_all(folder.of_run(&run)).unwrap();
        let later = folder.clone().for_part(LogPart(2));
        let a: StageName = "a".parse().unwrap();
        fs::write(folder.of_stage(&run, &a), line("a", 1, 1) + &line("a", 2, 2)).unwrap();
        fs::write(later.of_stage(&run, &a), line("a", 2_000_000_001, 9)).unwrap();
        let page = |offset, most| {
            let places = Places::behind(a.clone(), offset);
            let mut tail = Tail::new(folder.clone(), run.clone(), Some(a.clone())).from(places);
            tail.look().unwrap();
            let lines = std::iter::from_fn(|| tail.next().unwrap()).take(most);
            (lines.map(|line| line.seq).collect::<Vec<_>>(), tail.places().offset(&a))
        };
        let (mut offset, mut seqs) = (0, Vec::new());
        for most in [1, 1, 1] {
            let (lines, next) = page(offset, most);
            seqs.extend(lines);
            assert!(next > offset);
            offset = next;
        }
        assert_eq!(seqs, [1, 2, 2_000_000_001]);
        assert_eq!(page(offset, 9), (vec![], offset));
    }
}
