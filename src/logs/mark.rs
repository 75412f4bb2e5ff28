//! The mark that a run's lines are accounted for, and how far.
//!
//! A process that was frozen while its run went on elsewhere may write behind what was shipped meanwhile. So the mark
//! says for each file how many bytes of it are accounted for: whoever looks later finds what came behind it, and no file
//! that holds more goes to make room.

use super::{LogFolder, LogReader, StagePart};
use crate::ids::RunId;
use std::{collections::BTreeMap, fs, io, path::Path};

/// In a run's folder: every line is in the cloud, or counted as rejected, up to the places that it names.
const SHIPPED: &str = "shipped";
/// Runs that one look holds against their marks: each takes a few system calls.
const MOST_LOOKED_AT: usize = 200;

/// How many bytes of each file are accounted for.
pub(super) type Accounted = BTreeMap<StagePart, u64>;

/// What a look at some of the marks has found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Grown {
    /// Runs with lines behind their mark.
    pub runs: Vec<RunId>,
    /// Behind which run the next look goes on; from the newest again if absent.
    pub next: Option<RunId>,
}

impl LogFolder {
    /// Looks for lines behind marks, from the newest run on or behind `after`, at so many runs that it takes no time to
    /// speak of.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn grown(&self, after: Option<&RunId>) -> io::Result<Grown> {
        let mut runs = self.runs()?;
        runs.retain(|run| after.is_none_or(|after| run < after));
        let rest = runs.len().saturating_sub(MOST_LOOKED_AT);
        let next = runs.get(rest).filter(|_| rest > 0).cloned();
        let mut grown = Grown { runs: Vec::new(), next };
        for run in runs.drain(rest..).rev() {
            if let Some(accounted) = self.mark(&run)?
                && !self.is_within(&run, &accounted)?
            {
                grown.runs.push(run);
            }
        }
        Ok(grown)
    }

    /// Takes the mark back, as there are new lines, or may be.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn unmark(&self, run: &RunId) -> io::Result<()> {
        match fs::remove_file(self.of_run(run).join(SHIPPED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Marks that a run's lines are accounted for, as far as that.
    pub(super) fn mark_shipped(&self, run: &RunId, accounted: &Accounted) -> io::Result<()> {
        let folder = self.of_run(run);
        if !folder.is_dir() {
            return Ok(());
        }
        let line = |(file, bytes): (&StagePart, &u64)| format!("{file} {bytes}\n");
        fs::write(folder.join(SHIPPED), accounted.iter().map(line).collect::<String>())
    }

    /// Whether every line of a run is accounted for.
    pub(super) fn is_shipped(&self, run: &RunId) -> io::Result<bool> {
        match self.mark(run)? {
            Some(accounted) => self.is_within(run, &accounted),
            None => Ok(false),
        }
    }

    /// How far a run's lines are accounted for, if they were. An earlier version's mark is empty, and means whatever is
    /// there; of one that was cut off by a crash nothing is believed.
    fn mark(&self, run: &RunId) -> io::Result<Option<Accounted>> {
        let text = match fs::read_to_string(self.of_run(run).join(SHIPPED)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        if text.is_empty() {
            let files = self.files(run)?.into_iter();
            return Ok(Some(files.map(|file| (file, u64::MAX)).collect()));
        }
        Ok(Some(read(&text).unwrap_or_default()))
    }

    /// Whether no line stands behind these places.
    fn is_within(&self, run: &RunId, accounted: &Accounted) -> io::Result<bool> {
        for file in self.files(run)? {
            let (path, end) = (self.of(run, &file), accounted.get(&file).copied().unwrap_or(0));
            if length(&path)? > end && LogReader::open(&path, end)?.next_raw()?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read(text: &str) -> Option<Accounted> {
    let whole = text.strip_suffix('\n')?.lines();
    whole
        .map(|line| {
            let (file, bytes) = line.split_once(' ')?;
            Some((file.parse().ok()?, bytes.parse().ok()?))
        })
        .collect()
}

/// Bytes of a log; none if it was removed, which only happens once all of it is in the cloud.
pub(super) fn length(file: &Path) -> io::Result<u64> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        metadata => Ok(metadata?.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn run(number: usize) -> RunId {
        format!("{number:08}-89ab-7def-8123-456789abcdef").parse().unwrap()
    }

    fn train() -> StagePart {
        "train".parse().unwrap()
    }

    fn write(folder: &LogFolder, run: &RunId, text: &str) -> u64 {
        let path = folder.of(run, &train());
        fs::create_dir_all(folder.of_run(run)).unwrap();
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        length(&path).unwrap()
    }

    const LINE: &str = "{\"seq\":1,\"time\":\"2026-01-01T00:00:00Z\"}\n";

    #[test]
    fn what_comes_behind_a_mark_is_found() {
        let temporary = tempfile::TempDir::new().unwrap();
        let folder = LogFolder::at(temporary.path());
        let found = || folder.grown(None).unwrap().runs;
        let end = write(&folder, &run(1), LINE);
        assert!(found().is_empty() && !folder.is_shipped(&run(1)).unwrap(), "it has no mark");
        folder.mark_shipped(&run(1), &[(train(), end)].into()).unwrap();
        assert!(found().is_empty() && folder.is_shipped(&run(1)).unwrap());
        let (head, tail) = LINE.split_at(9);
        write(&folder, &run(1), head);
        assert!(found().is_empty(), "half a line is none");
        write(&folder, &run(1), tail);
        assert_eq!((found(), folder.is_shipped(&run(1)).unwrap()), (vec![run(1)], false));
        folder.unmark(&run(1)).unwrap();
        assert!(found().is_empty(), "who has taken the mark back knows of it");
        folder.unmark(&run(1)).unwrap();
    }

    #[test]
    fn a_mark_of_an_earlier_version_means_all_and_a_broken_one_nothing() {
        let temporary = tempfile::TempDir::new().unwrap();
        let folder = LogFolder::at(temporary.path());
        let end = write(&folder, &run(1), LINE);
        for (mark, is_shipped) in [
            (String::new(), true),
            (format!("train {end}\n"), true),
            (format!("train {end}"), false),
            ("train 1x\n".to_owned(), false),
            ("plan 7\n".to_owned(), false),
        ] {
            fs::write(folder.of_run(&run(1)).join(SHIPPED), &mark).unwrap();
            assert_eq!(folder.is_shipped(&run(1)).unwrap(), is_shipped, "{mark:?}");
        }
    }

    #[test]
    fn looks_go_on_where_the_last_one_stopped_and_come_round() {
        let temporary = tempfile::TempDir::new().unwrap();
        let folder = LogFolder::at(temporary.path());
        let all = 2 * MOST_LOOKED_AT + 1;
        for number in 0..all {
            write(&folder, &run(number), LINE);
            folder.mark_shipped(&run(number), &[(train(), 0)].into()).unwrap();
        }
        let (mut seen, mut after) = (Vec::new(), None);
        for looked_at in [MOST_LOOKED_AT, MOST_LOOKED_AT, 1] {
            let grown = folder.grown(after.as_ref()).unwrap();
            assert_eq!(grown.runs.len(), looked_at);
            seen.extend(grown.runs);
            after = grown.next;
        }
        assert_eq!((seen, after), ((0..all).rev().map(run).collect(), None));
    }
}
