//! Stands between the agents and a server that outlives them, writes down who asked for what, and kills who asks for it.

use crate::faults::wire::Request;
use relevo::clock::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// A request, and what became of it.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    /// When the answer was there, in milliseconds of Unix time.
    pub(super) at: i64,
    /// Which agent asked, if it lived long enough to be told.
    pub(super) pid: Option<u32>,
    /// The account that the session is in, and the run that it is for.
    pub(super) session: Option<(String, String)>,
    /// `PutRule`, `s3 PUT`.
    pub(super) operation: String,
    /// Method and path.
    pub(super) line: String,
    /// What was sent.
    pub(super) body: Vec<u8>,
    /// What was answered; 0 where nothing was.
    pub(super) status: u16,
}

/// The points of a conversation at which somebody dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// A session is asked for: a stage begins.
    Session,
    /// Something is made or changed.
    Change,
    /// An execution or a job is started or stopped.
    Execution,
    /// Lines go to their group.
    Ship,
    /// Something is made at GitHub that must not be there twice: a check run, a deployment, a comment.
    Making,
    /// Whatever comes next.
    Any,
}

/// On which side of the server's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// It never hears of the request.
    Before,
    /// It has done what was asked, and nobody hears the answer.
    After,
}

/// Who asks for this is sent that.
#[derive(Debug)]
pub(super) struct Trap {
    pub(super) point: Point,
    pub(super) side: Side,
    /// Requests of this kind that pass.
    pub(super) skip: usize,
    pub(super) signal: Signal,
    /// Hears whom it caught.
    pub(super) caught: oneshot::Sender<u32>,
}

/// The tap; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub(super) struct Wiretap {
    pub(super) port: u16,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    agents: Vec<u32>,
    trap: Option<Trap>,
    heard: Vec<Heard>,
    sessions: BTreeMap<String, (String, String)>,
}

impl Wiretap {
    /// In front of the server on `upstream`.
    pub(super) async fn before(upstream: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tap = Self { port, shared: Arc::default() };
        let shared = tap.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let tap = shared.clone();
                tokio::spawn(async move { tap.attend(client, upstream).await });
            }
        });
        tap
    }

    /// These are the agents now.
    pub(super) fn agents(&self, agents: Vec<u32>) {
        self.see(|shared| shared.agents = agents);
    }

    /// Sets a trap in place of any other.
    pub(super) fn set(&self, trap: Trap) {
        self.see(|shared| shared.trap = Some(trap));
    }

    /// Takes a trap away; false if somebody was caught in it.
    pub(super) fn disarm(&self) -> bool {
        self.see(|shared| shared.trap.take()).is_some()
    }

    /// Everything that changes something, in the order of the answers.
    pub(super) fn changes(&self) -> Vec<Heard> {
        self.see(|shared| shared.heard.clone())
    }

    fn see<T>(&self, look: impl FnOnce(&mut Shared) -> T) -> T {
        look(&mut self.shared.lock().unwrap())
    }

    /// The trap, if it is for this request.
    fn sprung(&self, operation: &str, line: &str) -> Option<Trap> {
        self.see(|shared| {
            let trap = shared.trap.as_mut()?;
            if !trap.point.is(operation, line) {
                return None;
            }
            if trap.skip > 0 {
                trap.skip -= 1;
                return None;
            }
            shared.trap.take()
        })
    }

    async fn attend(&self, mut client: TcpStream, upstream: u16) {
        let from = client.peer_addr().unwrap().port();
        let Ok(Some(request)) = Request::read(&mut client).await else { return };
        let (operation, line) = (request.operation(), request.line().to_owned());
        let is_change = Point::Change.is(&operation, &line);
        let trap = self.sprung(&operation, &line);
        let pid = if is_change || trap.is_some() { self.agent_at(from) } else { None };
        let caught = trap.and_then(|trap| Some((pid?, trap)));
        let caught = match caught {
            Some((pid, trap)) if trap.side == Side::Before => {
                send(pid, trap.signal);
                let is_dead = trap.signal == Signal::KILL;
                let _told = trap.caught.send(pid);
                if is_dead {
                    return;
                }
                None
            }
            other => other,
        };
        let answer = request.forward(upstream).await.unwrap_or_default();
        self.note(&request, (operation, line), (pid, &answer));
        if let Some((pid, trap)) = caught {
            send(pid, trap.signal);
            let is_dead = trap.signal == Signal::KILL;
            let _told = trap.caught.send(pid);
            if is_dead {
                return;
            }
        }
        // a client that has gone needs no answer
        let _ = client.write_all(&answer).await;
        let _ = client.shutdown().await;
    }

    fn note(
        &self,
        request: &Request,
        (operation, line): (String, String),
        (pid, answer): (Option<u32>, &[u8]),
    ) {
        let status = std::str::from_utf8(answer.get(9..12).unwrap_or_default());
        let status = status.ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        let body = request.body().to_vec();
        let credential = request.header("authorization").and_then(|text| {
            text.split_once("Credential=")?.1.split('/').next().map(str::to_owned)
        });
        self.see(|shared| {
            if operation == "AssumeRole" {
                let opened = opened(&String::from_utf8_lossy(&body), answer);
                shared.sessions.extend(opened);
            }
            if Point::Change.is(&operation, &line) {
                let session = credential.and_then(|key| shared.sessions.get(&key).cloned());
                let at = SystemClock.now().as_millisecond();
                shared.heard.push(Heard { at, pid, session, operation, line, body, status });
            }
        });
    }

    /// The agent that has the other end of the connection at `port`.
    fn agent_at(&self, port: u16) -> Option<u32> {
        let agents = self.see(|shared| shared.agents.clone());
        let sockets = fs::read_to_string("/proc/net/tcp").unwrap();
        let local = format!(":{port:04X}");
        let socket = sockets.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            fields.get(1)?.ends_with(&local).then(|| format!("socket:[{}]", fields[9]))
        })?;
        agents.into_iter().find(|pid| {
            let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
            let mut targets = files.filter_map(|file| fs::read_link(file.path()).ok());
            targets.any(|target| target.to_string_lossy() == socket)
        })
    }
}

impl Point {
    fn is(self, operation: &str, line: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Session => operation == "AssumeRole",
            Self::Execution => {
                let of_job = ["CreateProcessingJob", "StopProcessingJob"];
                let of_pipeline = ["StartPipelineExecution", "StopPipelineExecution"];
                of_job.contains(&operation) || of_pipeline.contains(&operation)
            }
            Self::Ship => operation == "PutLogEvents" || operation.ends_with("LogStream"),
            Self::Making => {
                let has_copies = line.contains("/statuses") || line.contains("/access_tokens");
                line.starts_with("POST ") && !has_copies
            }
            Self::Change => {
                // S3, Lambda and GitHub have no name for it but the method.
                let is_named = !operation.contains(' ');
                let reads = [
                    "Describe",
                    "List",
                    "Get",
                    "Assume",
                    "Filter",
                    "PutLog",
                    "PutRetention",
                    "CreateLog",
                ];
                if is_named {
                    !reads.iter().any(|read| operation.starts_with(read))
                } else {
                    !line.starts_with("GET ") && !line.starts_with("HEAD ")
                }
            }
        }
    }
}

/// The key of a session that was opened, and what it is for.
fn opened(asked: &str, answer: &[u8]) -> Option<(String, (String, String))> {
    let answer = String::from_utf8_lossy(answer);
    let key = answer.split_once("<AccessKeyId>")?.1.split_once('<')?.0.to_owned();
    let of = |name: &str| {
        let value = asked.split('&').find_map(|pair| pair.strip_prefix(name))?;
        Some(value.to_owned())
    };
    let account = of("RoleArn=")?.split("%3A").nth(4)?.to_owned();
    let run = of("RoleSessionName=")?.trim_start_matches("agent-").to_owned();
    Some((key, (account, run)))
}

/// Sends a signal; whoever is dead already needs none.
pub(super) fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    let _dead = kill_process(pid, signal);
}
