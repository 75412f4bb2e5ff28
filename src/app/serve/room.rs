//! What this machine lacks before another run is begun: disk for checkouts and logs, memory for commands.

use crate::queue::Shortage;
use std::path::Path;

/// Bytes that must be free where the state is: logs of a run are bounded by less, and a full disk takes the store with it.
const LEAST_DISK: u64 = 512 << 20;
/// Bytes of memory that must be to be had: an agent and a small command.
const LEAST_MEMORY: u64 = 128 << 20;

/// What is lacking, if something is. What cannot be read is not lacking: the run itself would say so.
pub(super) fn shortage(state: &Path) -> Option<Shortage> {
    let disk = rustix::fs::statvfs(state).ok().map(|disk| disk.f_bavail * disk.f_frsize);
    let memory = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    of(disk, memory)
}

fn of(disk: Option<u64>, memory: Option<u64>) -> Option<Shortage> {
    let disk = disk.filter(|free| *free < LEAST_DISK);
    let memory = memory.filter(|free| *free < LEAST_MEMORY);
    disk.map(|free| Shortage::Disk { free, least: LEAST_DISK })
        .or_else(|| memory.map(|free| Shortage::Memory { free, least: LEAST_MEMORY }))
}

/// Bytes that the kernel takes for available (proc(5), `MemAvailable`, in KiB).
fn available(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_comes_before_little_memory_and_what_is_unknown_stops_nothing() {
        let disk = Some(Shortage::Disk { free: 1, least: LEAST_DISK });
        let memory = Some(Shortage::Memory { free: 1, least: LEAST_MEMORY });
        assert_eq!(of(Some(1), Some(1)), disk);
        assert_eq!(of(Some(LEAST_DISK), Some(1)), memory);
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn available_memory_is_read_as_the_kernel_writes_it() {
        let text = "MemTotal:        8000000 kB\nMemFree:  1 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(available(text), Some(2 << 20));
        assert_eq!(available("MemTotal: 1 kB\n"), None);
    }
}
