//! Commands that outlived the agent that had started them.

use super::ExecError;
use super::group::{BETWEEN_LOOKS, LOOKS};
use crate::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use std::{fs, io};

/// Kills every process of ours that was started with all of these variables, and waits until there is none.
///
/// A pid or a group may have been given to others since the agent died; the variables of a run and a stage cannot.
///
/// # Errors
/// If the processes cannot be listed, or do not die.
pub async fn kill_survivors(marks: &[(&str, &str)], clock: &dyn Clock) -> Result<(), ExecError> {
    let marks: Vec<Vec<u8>> =
        marks.iter().map(|(name, value)| format!("{name}={value}").into_bytes()).collect();
    for _ in 0..LOOKS {
        if kill_all(&marks).map_err(ExecError::Lost)?.is_none() {
            return Ok(());
        }
        clock.sleep(BETWEEN_LOOKS).await;
    }
    let stuck = kill_all(&marks).map_err(ExecError::Lost)?;
    stuck.map_or(Ok(()), |pid| Err(ExecError::Survivors(pid.as_raw_pid())))
}

/// Sends the signal to all that bear the marks and answers one of them.
fn kill_all(marks: &[Vec<u8>]) -> io::Result<Option<Pid>> {
    let mut found = None;
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        // Other people's processes cannot be read, dead ones have nothing to read.
        let Ok(variables) = fs::read(entry.path().join("environ")) else { continue };
        let bears = |mark: &Vec<u8>| variables.split(|byte| *byte == 0).any(|one| one == mark);
        if !marks.is_empty() && marks.iter().all(bears) {
            // It may have died just now, which is as good.
            let _ = kill_process(pid, Signal::KILL);
            found = Some(pid);
        }
    }
    Ok(found)
}
