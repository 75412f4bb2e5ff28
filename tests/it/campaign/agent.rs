//! One agent of a round: a process that is killed, frozen, thawed and started again on the same state.

use super::{ground::Ground, wiretap::send};
use crate::serve::{SECRET, headers, push, read, sign};
use rustix::process::Signal;
use std::{
    fs::OpenOptions,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, OnceLock},
    thread,
    time::{Duration, Instant},
};

/// Whoever does not take a delivery in this time is not there.
const PATIENCE: Duration = Duration::from_secs(5);

/// A process; killed when it is dropped.
pub(super) struct Agent {
    child: Child,
    address: Arc<OnceLock<String>>,
    /// Its state folder.
    pub(super) state: PathBuf,
    /// Until when it is frozen, if it is.
    pub(super) frozen: Option<Instant>,
}

impl Agent {
    /// Starts it, and does not wait for it.
    pub(super) fn start(ground: &Ground, state: PathBuf) -> Self {
        let mut talk = OpenOptions::new();
        let talk = talk.create(true).append(true).open(state.with_extension("talk")).unwrap();
        let mut command = ground.command(&state, &["serve", "--config", &ground.settings()]);
        let mut child = command.stdout(Stdio::piped()).stderr(talk).spawn().unwrap();
        let said = child.stdout.take().unwrap();
        let address = Arc::<OnceLock<String>>::default();
        let told = Arc::clone(&address);
        thread::spawn(move || {
            let mut first = String::new();
            let _dead = BufReader::new(said).read_line(&mut first);
            if let Some(address) = first.trim().strip_prefix("http://") {
                let _once = told.set(address.to_owned());
            }
        });
        Self { child, address, state, frozen: None }
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Does it listen?
    pub(super) fn listens(&self) -> bool {
        self.frozen.is_none() && self.address.get().is_some()
    }

    /// Sends a signal.
    pub(super) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for its end and answers how that was: its code, if it was not killed.
    pub(super) fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Has it ended, without anybody having killed it?
    pub(super) fn has_ended(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    /// Delivers a push; is it kept?
    pub(super) fn takes(&self, id: &str, commit: &str) -> bool {
        let Some(address) = self.address.get().filter(|_| self.frozen.is_none()) else {
            return false;
        };
        deliver(address, id, commit)
    }

    /// The same from a thread of its own, for one that may be killed meanwhile.
    pub(super) fn is_brought(&self, id: String, commit: String) -> thread::JoinHandle<bool> {
        let address = self.address.get().cloned();
        thread::spawn(move || address.is_some_and(|address| deliver(&address, &id, &commit)))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn deliver(address: &str, id: &str, commit: &str) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = push("main", commit).to_string();
    let (signature, length) = (sign(SECRET, body.as_bytes()), body.len().to_string());
    let mut head = "POST /hooks/github HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n".to_owned();
    for (name, value) in headers(id, "push", &signature, &length) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let sent = stream.write_all(format!("{head}\r\n{body}").as_bytes());
    sent.is_ok() && matches!(read(stream).0, 200 | 202)
}
