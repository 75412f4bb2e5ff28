//! A real `agent serve` on a free port, in a world of its own: a bare repository is its remote, payloads are signed.

use crate::world::{Told, World};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// What payloads are signed with.
pub const SECRET: &str = "a secret of thirty characters.";
/// What GitHub calls the repository of a world.
pub const GITHUB: &str = "acme/mammography";
/// A test that waits asks so often before it gives up; each question starts a process.
const MOST_QUESTIONS: usize = 4_000;
/// A test must not hang on a server that does; far longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A world whose repository is pushed to a bare one, and the settings of an agent that hears of that.
pub struct Setup {
    /// The world.
    pub world: World,
    /// Where the agent finds the repository, if not in the bare one's folder.
    pub source: Option<String>,
    /// What is added to the settings file, section by section.
    pub more: String,
    /// Further repositories, a line each.
    pub repositories: String,
    /// Time between two looks at the repository.
    pub poll: String,
    /// What the agent finds in its environment beside the usual.
    pub variables: Vec<(&'static str, String)>,
}

/// A running agent; killed when it is dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Setup {
    /// The example, pushed; the agent takes webhooks and looks rarely.
    pub fn new() -> Self {
        let (more, repositories, poll) = (String::new(), String::new(), "1h".to_owned());
        let (world, source, variables) = (World::new(), None, Vec::new());
        let setup = Self { world, source, more, repositories, poll, variables };
        setup.world.git(&["init", "--quiet", "--bare", "--initial-branch=main", &setup.bare()]);
        setup.world.git(&["remote", "add", "origin", &setup.bare()]);
        setup.push("main");
        setup
    }

    /// The bare repository.
    pub fn bare(&self) -> String {
        self.world.path("../bare.git").display().to_string()
    }

    /// The agent's state folder.
    pub fn state(&self) -> PathBuf {
        self.world.path("../state")
    }

    /// Has a person asked before anything is deployed, one of `approvers` as the environment file lists them, and pushes
    /// that. Answers the commit.
    pub fn push_asking(&self, approvers: &str) -> String {
        self.world.edit(
            "pipeline.yaml",
            "{ uses: deploy-pipelines, needs: [plan] }",
            "{ uses: deploy-pipelines, needs: [approve] }\n  approve: { uses: approve, needs: [plan] }",
        );
        let prod = self.world.read("environments/prod.yaml");
        let approval = format!("{prod}approval: {{ approvers: [{approvers}] }}\n");
        self.push_change("environments/prod.yaml", &approval, "Ask first")
    }

    /// The run that waits for an answer, and the plan that it asks about, by its first twelve digits.
    pub fn asked(&self) -> (String, String) {
        self.until("the question", || {
            let queue = self.json(&["queue"]);
            let one = queue.into_iter().find(|one| !one["asks"].is_null())?;
            let plan = one["asks"]["plan"].as_str()?.trim_start_matches("sha256:").to_owned();
            Some((one["run"]["run"].as_str()?.to_owned(), plan[..12].to_owned()))
        })
    }

    /// Pushes a branch, or anything else that git takes for what to push.
    pub fn push(&self, reference: &str) {
        self.world.git(&["push", "--quiet", "--force", "origin", reference]);
    }

    /// Commits a change of one file to the branch that is checked out, and pushes it. Answers the commit.
    pub fn push_change(&self, name: &str, text: &str, message: &str) -> String {
        self.world.write(name, text);
        let commit = self.world.commit(message);
        self.push("HEAD");
        commit
    }

    /// The pipeline with these stages in place of its own, pushed. Answers the commit.
    pub fn push_stages(&self, stages: &str) -> String {
        let environments =
            "  dev: { branch: develop }\n  prod: { branch: main, after: dev, supersede: every }\n";
        let text =
            format!("version: 1\nname: commands\nenvironments:\n{environments}stages:\n{stages}");
        self.push_change("pipeline.yaml", &text, "Other stages")
    }

    /// The settings file, written.
    pub fn settings(&self) -> PathBuf {
        let file = self.world.path("../agent.yaml");
        let text = format!(
            "version: 1\nlisten: 127.0.0.1:0\nrepositories:\n  mammography: {{ source: {}, github: {GITHUB}, poll: {} }}\n{}\
             webhooks: {{ secrets: [{{ env: HOOK_SECRET }}] }}\n{}",
            self.source.clone().unwrap_or_else(|| self.bare()),
            self.poll,
            self.repositories,
            self.more
        );
        fs::write(&file, text).unwrap();
        file
    }

    /// Starts the agent and waits until it listens.
    pub fn start(&self) -> Server {
        let settings = self.settings().display().to_string();
        self.start_with(&["serve", "--config", &settings])
    }

    /// The same with other arguments.
    pub fn start_with(&self, arguments: &[&str]) -> Server {
        self.start_telling(arguments, Stdio::inherit())
    }

    /// Starts the agent; what it tells people is [read](Self::talk) by the test.
    pub fn start_heard(&self) -> Server {
        let settings = self.settings().display().to_string();
        let talk = fs::File::options().create(true).append(true).open(self.world.path("../talk"));
        self.start_telling(&["serve", "--config", &settings], talk.unwrap().into())
    }

    /// What agents that are heard told people so far.
    pub fn talk(&self) -> String {
        fs::read_to_string(self.world.path("../talk")).unwrap()
    }

    /// Waits until an agent that is heard has told people this.
    pub fn hears(&self, told: &str) {
        self.until(told, || {
            let _time_passes = self.runs();
            self.talk().contains(told).then_some(())
        });
    }

    fn start_telling(&self, arguments: &[&str], talk: Stdio) -> Server {
        let mut command = self.command(arguments);
        let child = command.stdout(Stdio::piped()).stderr(talk).spawn();
        let mut child = child.unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("http://");
        let address = address.unwrap_or_else(|| panic!("no address: {first:?}")).to_owned();
        Server { child, address }
    }

    /// A command of the same agent.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let state = self.state().display().to_string();
        let mut all = vec!["--state", &state];
        all.extend(arguments);
        let mut command = self.world.command(&all);
        command.env("HOOK_SECRET", SECRET).envs(self.variables.clone());
        command
    }

    /// Runs a command of the same agent to its end.
    pub fn agent(&self, arguments: &[&str]) -> Told {
        let state = self.state().display().to_string();
        let mut all = vec!["--state", &state];
        all.extend(arguments);
        self.world.agent(&all)
    }

    /// What a command with `--json` answers.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.agent(&all).done().json().as_array().unwrap().clone()
    }

    /// All runs, newest first.
    pub fn runs(&self) -> Vec<Value> {
        self.json(&["runs", "--most", "1000"])
    }

    /// All deliveries, newest first.
    pub fn deliveries(&self) -> Vec<Value> {
        self.json(&["deliveries", "--most", "1000"])
    }

    /// The ids of what came by webhook, newest first.
    pub fn webhooks(&self) -> Vec<String> {
        let by_webhook = |delivery: &Value| delivery["via"] == "webhook";
        let id = |delivery: Value| delivery["delivery"].as_str().unwrap().to_owned();
        self.deliveries().into_iter().filter(by_webhook).map(id).collect()
    }

    /// Asks until the answer is something, and answers it.
    pub fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        (0..MOST_QUESTIONS).find_map(|_| ask()).unwrap_or_else(|| {
            panic!("{what} never came: {:#?} {:#?}", self.deliveries(), self.runs())
        })
    }

    /// Waits until the run of `commit` for `environment` has ended, and answers it.
    pub fn ended(&self, commit: &str, environment: &str) -> Value {
        self.until("the run's end", || {
            let is_it = |run: &Value| {
                run["commit"] == commit
                    && run["environment"] == environment
                    && !run["outcome"].is_null()
            };
            self.runs().into_iter().find(is_it)
        })
    }

    /// Waits until a delivery has its verdict, and answers it with its reason.
    pub fn verdict(&self, id: &str) -> Value {
        self.until("the verdict", || {
            let is_it =
                |delivery: &Value| delivery["delivery"] == id && !delivery["verdict"].is_null();
            Some(self.deliveries().into_iter().find(is_it)?["verdict"].clone())
        })
    }
}

impl Server {
    /// Sends a request with exactly these headers; answers status and body.
    pub fn send(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
        let mut head = format!("{line} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut stream = self.connect();
        // Who is turned away early may find the door closed before everything is said.
        let _closed = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        read(stream)
    }

    /// A connection.
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Delivers a payload as GitHub does.
    pub fn deliver(&self, id: &str, event: &str, body: &Value) -> (u16, String) {
        let body = body.to_string();
        let signature = sign(SECRET, body.as_bytes());
        let length = body.len().to_string();
        self.send("POST /hooks/github", &headers(id, event, &signature, &length), body.as_bytes())
    }

    /// Delivers a push to a branch.
    pub fn deliver_push(&self, id: &str, branch: &str, commit: &str) -> (u16, String) {
        self.deliver(id, "push", &push(branch, commit))
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.pid().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the process to end by itself; answers its exit code.
    pub fn wait(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// The headers of a delivery.
pub fn headers<'h>(
    id: &'h str,
    event: &'h str,
    signature: &'h str,
    length: &'h str,
) -> Vec<(&'h str, &'h str)> {
    vec![
        ("Content-Type", "application/json"),
        ("Content-Length", length),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", id),
        ("X-Hub-Signature-256", signature),
    ]
}

/// The payload of a push, as far as it matters.
pub fn push(branch: &str, commit: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "before": "0".repeat(40), "after": commit,
        "deleted": false, "repository": { "full_name": GITHUB },
    })
}

/// What GitHub writes into `X-Hub-Signature-256`.
pub fn sign(secret: &str, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Reads an answer to its end.
pub fn read(mut stream: TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    let _reset_after_the_answer = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    (status, body)
}
