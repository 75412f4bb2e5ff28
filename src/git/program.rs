//! A child process that ends: bounded in time, in what it says, and in how large a file it may write.

use rustix::{
    io::retry_on_intr,
    process::{Pid, Resource, Rlimit, Signal, WaitOptions, kill_process_group, prlimit, waitpid},
};
use std::{
    io::{self, Read},
    os::unix::process::{CommandExt as _, ExitStatusExt as _},
    process::{Command, ExitStatus, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

/// Bytes of an answer (32 MiB): fifty thousand branches with the longest names that git takes, nearly twice over.
const MOST_OUTPUT: u64 = 32 << 20;
/// Bytes of complaints that are kept, the last ones.
const MOST_COMPLAINTS: usize = 64 << 10;
/// Bytes of one file that it writes (16 GiB): a pack of a repository that no checkout of ours would take.
const LARGEST_FILE: u64 = 16 << 30;

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// By itself.
    Itself {
        /// With this.
        status: ExitStatus,
        /// What it answered.
        output: Vec<u8>,
        /// The last of what it complained about.
        complaints: Vec<u8>,
    },
    /// It, or what it had started, had asked something at a terminal, where nobody answers. All of it was killed.
    Asking,
    /// It had said more than anybody reads.
    TooMuch,
    /// Its time was over, and it was killed with all that it had started.
    TooLate,
}

/// Runs it to its end, with the standard input that it was given.
pub(super) fn run(mut command: Command, within: Duration) -> io::Result<Ended> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.process_group(0).spawn()?;
    let group = Pid::from_child(&child);
    let limit = Rlimit { current: Some(LARGEST_FILE), maximum: Some(LARGEST_FILE) };
    // One that has ended already needs none.
    let _gone = prlimit(Some(group), Resource::Fsize, limit);
    let (output, complaints) = (child.stdout.take(), child.stderr.take());
    let complaints = on_thread(move || Ok(last_of(complaints)))?;
    let status = on_thread(move || end_of(group))?;
    // Not waited for below: whoever outlives the group must not keep us.
    let ended = on_thread(move || {
        let mut read = Vec::new();
        if let Some(output) = output {
            output.take(MOST_OUTPUT + 1).read_to_end(&mut read)?;
        }
        let complaints = complaints.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
        let status = status.recv().map_err(io::Error::other)??;
        Ok((status, read, complaints))
    })?;
    match ended.recv_timeout(within) {
        Ok(Ok((_, output, _))) if output.len() as u64 > MOST_OUTPUT => Ok(Ended::TooMuch),
        Ok(Ok((Some(status), output, complaints))) => {
            Ok(Ended::Itself { status, output, complaints })
        }
        Ok(Ok((None, ..))) => Ok(Ended::Asking),
        Ok(Err(error)) => Err(error),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("it was lost")),
        Err(RecvTimeoutError::Timeout) => {
            let _gone = kill_process_group(group, Signal::KILL);
            Ok(Ended::TooLate)
        }
    }
}

/// Waits for the end of the leader of a group. Nothing if one of the group asked at a terminal: as that is not theirs, all
/// of the group are stopped there, and nobody would let them go on.
fn end_of(group: Pid) -> io::Result<Option<ExitStatus>> {
    let mut asked = false;
    loop {
        let waited = retry_on_intr(|| waitpid(Some(group), WaitOptions::UNTRACED))?;
        let Some((_, status)) = waited else { continue };
        let stopped_by = status.stopping_signal();
        if stopped_by.is_none() {
            return Ok((!asked).then(|| ExitStatus::from_raw(status.as_raw())));
        }
        if [Signal::TTIN, Signal::TTOU].map(|signal| Some(signal.as_raw())).contains(&stopped_by) {
            asked = true;
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What comes of a piece of work on a thread of its own.
fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<std::sync::mpsc::Receiver<io::Result<T>>> {
    let (told, heard) = channel();
    let run = move || drop(told.send(work()));
    thread::Builder::new().name("git".to_owned()).spawn(run)?;
    Ok(heard)
}

/// The last of what comes, read to its end.
fn last_of(from: Option<impl Read>) -> Vec<u8> {
    let Some(mut from) = from else { return Vec::new() };
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = from.read(&mut piece) {
        kept.extend_from_slice(&piece[..read]);
        if kept.len() > 2 * MOST_COMPLAINTS {
            kept.drain(..kept.len() - MOST_COMPLAINTS);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        #[expect(clippy::disallowed_methods, reason = "a child to be bounded")]
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null());
        command
    }

    #[test]
    fn what_ends_by_itself_is_heard_out() {
        let ended = run(shell("echo yes; echo no >&2; exit 3"), Duration::from_mins(1)).unwrap();
        let Ended::Itself { status, output, complaints } = ended else { panic!("{ended:?}") };
        assert_eq!((status.code(), &*output, &*complaints), (Some(3), &b"yes\n"[..], &b"no\n"[..]));
    }

    #[test]
    fn what_does_not_end_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("alive");
        let script = format!("mkfifo {0}; sleep 600 >{0} & cat {0}; wait", fifo.display());
        let ended = run(shell(&script), Duration::from_millis(300)).unwrap();
        assert!(matches!(ended, Ended::TooLate), "{ended:?}");
    }

    #[test]
    fn what_talks_without_end_is_stopped() {
        let ended = run(shell("yes"), Duration::from_mins(10)).unwrap();
        assert!(matches!(ended, Ended::TooMuch), "{ended:?}");
        let ended = run(shell("yes | head -c 1000000 >&2"), Duration::from_mins(10)).unwrap();
        let Ended::Itself { complaints, .. } = ended else { panic!("{ended:?}") };
        assert!(complaints.len() <= 2 * MOST_COMPLAINTS);
    }
}
