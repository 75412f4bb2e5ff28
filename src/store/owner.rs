//! Which process holds a lease, and whether it still lives.

use super::StoreError;
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

/// One process: a pid alone is used again, so it comes with the moment of its start, the boot and the pid
/// namespace in which it means something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id within the namespace.
    pub pid: u32,
    /// Start in clock ticks since boot (`/proc/PID/stat`, field 22).
    pub started: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// `/proc/self/ns/pid`: two containers on one machine share the boot but not the pids.
    pub namespace: String,
    /// `/proc/sys/kernel/hostname`, for people.
    #[serde(default)]
    pub host: String,
}

impl Owner {
    /// The process that asks.
    ///
    /// # Errors
    /// If `/proc` is not there.
    pub fn this_process() -> Result<Self, StoreError> {
        let pid = std::process::id();
        let read = || -> io::Result<Self> {
            let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
            let namespace = fs::read_link("/proc/self/ns/pid")?.to_string_lossy().into_owned();
            let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let missing = || io::Error::new(io::ErrorKind::NotFound, "no start time in /proc");
            let started = start_of_living(pid)?.ok_or_else(missing)?;
            Ok(Self { pid, started, boot, namespace, host: host.trim().to_owned() })
        };
        read().map_err(StoreError::Owner)
    }

    /// Can this process tell whether the other one lives?
    pub(super) fn sees(&self, other: &Self) -> bool {
        self.boot == other.boot && self.namespace == other.namespace
    }

    /// Does this process live, as far as it can be seen from here?
    pub(super) fn lives(&self) -> bool {
        matches!(start_of_living(self.pid), Ok(Some(started)) if started == self.started)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.host.as_str() {
            "" => write!(f, "process {}", self.pid),
            host => write!(f, "process {} on {host}", self.pid),
        }
    }
}

/// The start of a process, unless it is dead and only waits to be reaped.
fn start_of_living(pid: u32) -> io::Result<Option<u64>> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))?;
    // The second field is the program's name in parentheses, which may hold spaces and parentheses itself.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after_name.split_ascii_whitespace().collect();
    // Field 3 is the state, field 22 the start time.
    let (state, started) = (fields.first(), fields.get(19));
    Ok(match state {
        Some(&"Z" | &"X") | None => None,
        Some(_) => started.and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_until_its_pid_is_gone_or_means_another() {
        let me = Owner::this_process().unwrap();
        assert!(me.lives() && me.sees(&me));
        assert!(!Owner { started: me.started + 1, ..me.clone() }.lives(), "pid used again");
        assert!(!Owner { pid: u32::MAX, ..me.clone() }.lives(), "no such pid");
        assert!(!me.sees(&Owner { boot: "another".into(), ..me.clone() }));
    }
}
