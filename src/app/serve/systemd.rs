//! Telling systemd that the agent is ready, lives, and ends (`sd_notify`), where it was started by it with `Type=notify`.
//!
//! It is told to live only while every task makes progress: one that hangs gets the whole agent started anew, which loses
//! nothing.

use super::{Phase, Tools, pulse::Pulses};
use std::{
    io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::Path,
    time::Duration,
};

/// Where systemd listens.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";
/// How long it waits between two signs of life, in microseconds.
const WATCHDOG_VARIABLE: &str = "WATCHDOG_USEC";

/// Systemd, or nobody.
pub(super) struct Systemd {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Systemd {
    /// As the environment tells it.
    pub(super) fn of(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let socket = variable(SOCKET_VARIABLE).and_then(|name| open(&name).ok());
        let watchdog = variable(WATCHDOG_VARIABLE).and_then(|time| time.parse().ok());
        Self { socket, watchdog: watchdog.map(Duration::from_micros) }
    }

    fn tell(&self, what: &str) {
        if let Some((socket, address)) = &self.socket {
            // Whoever does not listen need not know.
            let _unheard = socket.send_to_addr(what.as_bytes(), address);
        }
    }

    /// Tells it of the agent's life until the end.
    pub(super) async fn keep_told(
        &self,
        tools: &Tools,
        pulses: &Pulses,
    ) -> std::convert::Infallible {
        self.tell("READY=1");
        let ending = async {
            tools.phases.reached(Phase::Draining).await;
            self.tell("STOPPING=1");
            std::future::pending::<std::convert::Infallible>().await
        };
        tokio::select! {
            never = ending => never,
            never = self.show_life(tools, pulses) => never,
        }
    }

    /// Twice in the time that systemd waits.
    async fn show_life(&self, tools: &Tools, pulses: &Pulses) -> std::convert::Infallible {
        let Some(watchdog) = self.watchdog else { return std::future::pending().await };
        let mut told = None;
        loop {
            let hangs = pulses.hanging(tools.app.clock.now());
            match &hangs {
                None => self.tell("WATCHDOG=1"),
                Some(name) if told != hangs => {
                    (tools.say)(&format!("{name} makes no progress; systemd is not told of life"));
                }
                Some(_) => {}
            }
            told = hangs;
            tools.app.clock.sleep(watchdog / 2).await;
        }
    }
}

fn open(name: &str) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(Path::new(name).as_os_str().as_bytes())?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    // A full queue of systemd's must not stop us.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systemd_hears_what_it_is_told_where_it_listens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let listener = UnixDatagram::bind(&path).unwrap();
        let path = path.display().to_string();
        let systemd = Systemd::of(&|name| match name {
            SOCKET_VARIABLE => Some(path.clone()),
            WATCHDOG_VARIABLE => Some("30000000".to_owned()),
            _ => None,
        });
        assert_eq!(systemd.watchdog, Some(Duration::from_secs(30)));
        systemd.tell("READY=1");
        let mut heard = [0; 16];
        let length = listener.recv(&mut heard).unwrap();
        assert_eq!(&heard[..length], b"READY=1");
        Systemd::of(&|_| None).tell("nobody");
        Systemd::of(&|_| Some("/nowhere/at/all".to_owned())).tell("nobody");
    }
}
