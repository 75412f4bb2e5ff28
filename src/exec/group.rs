//! The process group of a command, and making sure that it is dead.

use super::ExecError;
use crate::clock::Clock;
use rustix::process::{Pid, Signal, kill_process_group};
use std::{fs, io, time::Duration};

/// How often a killed group is looked at before it counts as stuck …
pub(super) const LOOKS: u32 = 500;
/// … and the time between two looks.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A process group; if it is not known to be dead, dropping this kills it.
#[derive(Debug)]
pub(super) struct Group {
    id: Pid,
    may_live: bool,
}

impl Group {
    /// The group that a child leads.
    pub(super) fn led_by(child: &tokio::process::Child) -> Option<Self> {
        let id = Pid::from_raw(i32::try_from(child.id()?).ok()?)?;
        Some(Self { id, may_live: true })
    }

    pub(super) fn terminate(&self) {
        // A group that is gone already needs no signal.
        let _ = kill_process_group(self.id, Signal::TERM);
    }

    pub(super) fn kill(&self) {
        let _ = kill_process_group(self.id, Signal::KILL);
    }

    /// Kills what is left of the group and waits until nothing is. The leader must have been reaped.
    pub(super) async fn bury(&mut self, clock: &dyn Clock) -> Result<(), ExecError> {
        if kill_process_group(self.id, Signal::KILL).is_ok() {
            let mut looks = 0;
            while self.has_living_members().map_err(ExecError::Lost)? {
                looks += 1;
                if looks > LOOKS {
                    return Err(ExecError::Survivors(self.id.as_raw_pid()));
                }
                clock.sleep(BETWEEN_LOOKS).await;
            }
        }
        self.may_live = false;
        Ok(())
    }

    /// Signals also reach the dead that nobody has reaped, so only `/proc` tells.
    fn has_living_members(&self) -> io::Result<bool> {
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            if !name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            // A process that ends meanwhile has no file any more.
            let Ok(stat) =
                fs::read_to_string(std::path::Path::new("/proc").join(&name).join("stat"))
            else {
                continue;
            };
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            let mut fields = after_name.split_ascii_whitespace();
            let (state, group) = (fields.next(), fields.nth(1));
            let is_member = group.and_then(|text| text.parse().ok()) == Some(self.id.as_raw_pid());
            if is_member && !matches!(state, Some("Z" | "X")) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.may_live {
            self.kill();
        }
    }
}
