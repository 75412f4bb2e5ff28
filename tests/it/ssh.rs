//! Repositories by ssh: no GitHub, no token, a key of git's own.

use crate::{
    serve::{GITHUB, Setup},
    servers::Emulator,
};
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

/// A host that gives repositories by ssh. Ends when its standard input does, which this process holds.
struct Host {
    folder: TempDir,
    port: u16,
    _server: Child,
}

impl Host {
    /// Starts it. A word, and nothing, where a program is missing.
    fn start() -> Option<Self> {
        if Command::new("ssh").arg("-V").stderr(Stdio::null()).status().is_err() {
            println!("skipped: there is no ssh");
            return None;
        }
        let Some(python) = Emulator::python() else {
            println!("skipped: no Python with the packages of tests/python/emulators.txt");
            return None;
        };
        let folder = TempDir::new().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/ssh/server.py");
        let mut serve = Command::new(python);
        serve.arg("-B").arg(script).arg(folder.path());
        let mut server = serve.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| line.unwrap().strip_prefix("ready ")?.parse().ok());
        Some(Self { folder, port: port.expect("a port"), _server: server })
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// ssh as somebody sets it up who has this key and knows these hosts.
    fn ssh(&self, key: &str, known: &str) -> Vec<(&'static str, String)> {
        let command = format!(
            "ssh -F none -i {} -p {} -oIdentitiesOnly=yes -oIdentityAgent=none -oBatchMode=yes -oUserKnownHostsFile={}",
            self.path(key),
            self.port,
            self.path(known)
        );
        vec![("GIT_SSH_COMMAND", command)]
    }

    /// An agent's setup whose repository is here.
    fn setup(&self) -> Setup {
        let mut setup = Setup::new();
        let bare = self.path("acme/mammography.git");
        setup.world.git(&["init", "--quiet", "--bare", "--initial-branch=main", &bare]);
        setup.world.git(&["remote", "set-url", "origin", &bare]);
        setup.push_stages("  mark: { run: echo made }\n");
        setup.source = Some(format!("git@127.0.0.1:{GITHUB}.git"));
        setup.poll = "1s".to_owned();
        setup
    }
}

#[test]
fn pushes_to_a_repository_by_ssh_are_seen_by_looking() {
    let Some(host) = Host::start() else { return };
    let mut setup = host.setup();
    setup.variables = host.ssh("key", "known");
    let _server = setup.start();
    let tip = setup.world.git(&["rev-parse", "HEAD"]);
    assert_eq!(setup.ended(&tip, "prod")["outcome"]["outcome"], "succeeded");
    let commit = setup.push_change("note.txt", "more", "More");
    assert_eq!(setup.ended(&commit, "prod")["outcome"]["outcome"], "succeeded");
}

#[test]
fn a_question_at_the_terminal_is_no_reason_to_wait() {
    let Some(host) = Host::start() else { return };
    let setup = host.setup();
    let (_, ssh) = host.ssh("key", "unknown").remove(0);
    let reads = "sh -c 'read answer </dev/tty' ask".to_owned();
    for ssh in [ssh.replace(" -oBatchMode=yes", ""), reads] {
        let agent = setup.command(&["run", "--repo", setup.source.as_deref().unwrap()]);
        let mut asked = Command::new(Emulator::python().unwrap());
        // A terminal of its own; no test waits longer for its end.
        let terminal = "import os, pty, signal, sys; signal.alarm(60); \
            sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
        asked.args(["-c", terminal]).arg(agent.get_program()).args(agent.get_args());
        asked.envs(agent.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let asked = asked.env("GIT_SSH_COMMAND", &ssh).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&asked.stdout);
        assert_eq!(asked.status.code(), Some(2), "{ssh}: {said}");
        assert!(said.contains("at the terminal, where nobody answers"), "{said}");
    }
}

#[test]
fn a_host_that_does_not_open_is_told_with_what_to_do() {
    let Some(host) = Host::start() else { return };
    let mut setup = host.setup();
    let source = setup.source.clone().unwrap();
    let elsewhere = "git@127.0.0.1:acme/other.git".to_owned();
    let (key, known) = ("the host takes none of the keys that ssh has here", "ssh does not know");
    for (source, ssh, told) in [
        (&source, host.ssh("other-key", "known"), [key, "Permission denied (publickey)"]),
        (&source, host.ssh("key", "unknown"), [known, "Host key verification failed"]),
        (&elsewhere, host.ssh("key", "known"), ["acme/other.git", "does not appear to be a git"]),
    ] {
        setup.variables = ssh;
        let run = setup.command(&["run", "--repo", source, "--branch", "main"]).output().unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(told.iter().all(|told| said.contains(told)), "{said}");
        assert!(!said.contains("Please make sure"), "{said}");
        assert!(said.contains("GIT_SSH_COMMAND"), "{said}");
    }
}
