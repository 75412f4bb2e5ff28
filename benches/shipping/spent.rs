//! What this process has used: time, processors, memory.

use anyhow::{Context as _, Result};
use std::{
    fs,
    time::{Duration, Instant},
};

/// Peak resident memory of this process in MiB, as the kernel counted it.
pub(crate) fn peak() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = peak.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

/// A moment, by the clock and by what this process has had of the processors.
pub(crate) struct Moment {
    at: Instant,
    cpu: Duration,
}

/// What lies between two moments; another process's time on the processors is not known.
pub(crate) struct Spent {
    pub(crate) time: Duration,
    pub(crate) cpu: Option<Duration>,
}

impl Moment {
    pub(crate) fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let (_, fields) = stat.rsplit_once(')').context("no name in /proc/self/stat")?;
        // Fields 14 and 15, user and system time, in hundredths of a second on every Linux there is.
        let ticks: Vec<u64> = fields
            .split_ascii_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        Ok(Self { at: Instant::now(), cpu: Duration::from_millis(ticks.iter().sum::<u64>() * 10) })
    }

    pub(crate) fn spent(&self) -> Result<Spent> {
        let Self { at, cpu } = Self::now()?;
        Ok(Spent { time: at - self.at, cpu: Some(cpu.saturating_sub(self.cpu)) })
    }
}
