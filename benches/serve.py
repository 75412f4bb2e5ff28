#!/usr/bin/env python3
"""From a webhook to the first command: `agent serve` beside Buildbot and adnanh/webhook, in one run.

Each server gets the same push payloads over the loopback, signed, one new commit each, and runs the same script, which
writes down when it began. Printed for each: time until it answers, idle memory, answer time, webhook to first command
(p50 and p99), a burst, and a command that writes a long log. Asserts nothing.

    python3 benches/serve.py --agent target/debug/agent [--buildbot VENV] [--webhook PROGRAM]

VENV holds buildbot, buildbot-www and buildbot-worker 4.3.0; PROGRAM is Debian's `webhook`. What is not named is left out.
"""

import argparse
import concurrent.futures
import hashlib
import hmac
import http.client
import json
import math
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SECRET = "a secret of the benchmark, long enough"
ONE_BY_ONE = 200
BURST = 100
# of 80 bytes each
LOG_LINES = 100 * 1024 * 1024 // 80
PATIENCE = 300.0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", required=True, help="the program `agent`")
    parser.add_argument("--buildbot", help="a virtual environment with buildbot")
    parser.add_argument("--webhook", help="the program `webhook`")
    chosen = parser.parse_args()
    servers = [lambda folder: Agent(folder, chosen.agent)]
    if chosen.buildbot:
        servers.append(lambda folder: Buildbot(folder, pathlib.Path(chosen.buildbot) / "bin"))
    if chosen.webhook:
        servers.append(lambda folder: Webhook(folder, chosen.webhook))
    figures = {}
    for make in servers:
        with tempfile.TemporaryDirectory(prefix="relevo-bench-") as folder:
            server = make(pathlib.Path(folder))
            try:
                figures[server.name] = measure(server)
            finally:
                server.stop()
    tell(figures)


def measure(server):
    begun = time.monotonic()
    server.start()
    server.wait_until_up()
    figures = {"up after, s": time.monotonic() - begun}
    time.sleep(2.0)
    figures["idle memory, MiB"] = server.memory("VmRSS") / 1024
    figures["of it no file's, MiB"] = server.memory("RssAnon") / 1024
    answers, latencies = [], []
    for commit in server.commits(ONE_BY_ONE):
        server.push(commit)
        sent = time.time()
        answers.append(server.deliver(commit))
        latencies.append(server.wait_for(commit) - sent)
    figures["answer p50, ms"] = 1000 * statistics.median(answers)
    figures["first command p50, ms"] = 1000 * statistics.median(latencies)
    figures["first command p99, ms"] = 1000 * percentile(latencies, 0.99)
    commits = server.commits(BURST)
    server.push(commits[-1])
    sent = time.time()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(server.deliver, commits))
    started = [server.wait_for(commit) for commit in commits]
    figures[f"burst of {BURST}: all started, s"] = max(started) - sent
    if server.keeps_logs:
        [commit] = server.commits(1)
        server.make_log_long(commit)
        server.push(commit)
        server.deliver(commit)
        figures["100 MiB of log, s"] = server.wait_for(f"{commit}-end") - server.wait_for(commit)
    figures["memory afterwards, MiB"] = server.memory("VmRSS") / 1024
    return figures


def percentile(values, share):
    """By nearest rank."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


def tell(figures):
    names = list(figures)
    rows = list(dict.fromkeys(row for column in figures.values() for row in column))
    print(f"{'':34}" + "".join(f"{name:>14}" for name in names) + "   ratio to agent")
    for row in rows:
        values = [figures[name].get(row) for name in names]
        cells = "".join(f"{'-':>14}" if value is None else f"{value:14.3f}" for value in values)
        ratios = "".join(
            f"  {value / values[0]:8.2f}" for value in values[1:] if value is not None and values[0]
        )
        print(f"{row:34}{cells} {ratios}")


class Marks:
    """Where the script writes which commit it began with, and when."""

    def __init__(self, folder):
        self.file = folder / "marks"
        self.file.touch()
        self.long = folder / "long"
        self.script = folder / "mark.sh"
        self.script.write_text(
            "#!/bin/sh\n"
            f'echo "$1 $(date +%s.%N)" >> {self.file}\n'
            f"if [ -e {self.long}-$1 ]; then\n"
            f"  seq -f 'a line of a log, about as long as the lines of logs usually are, number %08.0f' {LOG_LINES}\n"
            f'  echo "$1-end $(date +%s.%N)" >> {self.file}\n'
            "fi\n"
        )
        self.script.chmod(0o755)

    def find(self, mark):
        for line in self.file.read_text().splitlines():
            name, _, at = line.partition(" ")
            if name == mark and at:
                return float(at)
        return None


class Server:
    keeps_logs = True

    def __init__(self, folder):
        self.folder = folder
        self.marks = Marks(folder)
        self.port = free_port()
        self.children = []
        self.number = 0

    def run(self, *words, **options):
        log = open(self.folder / f"{self.name}.log", "ab")
        child = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, **options)
        self.children.append(child)
        return child

    def stop(self):
        for child in reversed(self.children):
            try:
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(child.pid, signal.SIGKILL)

    def wait_until_up(self):
        def is_up():
            try:
                return self.request("GET", self.alive, None, {}) < 500
            except OSError:
                return False

        self.wait("answer", is_up, 0.005)

    def wait_for(self, mark):
        """When the script began with that commit, or wrote another mark."""
        return self.wait(f"mark {mark}", lambda: self.marks.find(mark), 0.001)

    def wait(self, what, found, pause):
        until = time.monotonic() + PATIENCE
        while not (value := found()):
            if time.monotonic() > until:
                self.give_up(f"has brought no {what} within {PATIENCE} s")
            for child in self.children:
                if child.poll() is not None:
                    self.give_up(f"ended with code {child.returncode} before it brought its {what}")
            time.sleep(pause)
        return value

    def give_up(self, why):
        said = (self.folder / f"{self.name}.log").read_text(errors="replace")
        raise SystemExit(f"{said}\n{self.name} {why}")

    def request(self, method, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def deliver(self, commit):
        body = json.dumps(payload(commit)).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/bench",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": f"00000000-0000-4000-8000-{commit[:12]}",
            "X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest(),
            "X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest(),
        }
        begun = time.monotonic()
        status = self.request("POST", self.hook, body, headers)
        if status not in (200, 202):
            raise SystemExit(f"{self.name} answered {status}")
        return time.monotonic() - begun

    def commits(self, count):
        self.number += count
        return [hashlib.sha1(f"{self.name} {self.number - i}".encode()).hexdigest() for i in reversed(range(count))]

    def push(self, commit):
        """Moves the branch to a commit, where the server looks."""

    def make_log_long(self, commit):
        pathlib.Path(f"{self.marks.long}-{commit}").touch()

    def memory(self, line):
        """Memory of all processes of this server's sessions, in KiB, as that line of /proc/PID/status counts it."""
        sessions = {child.pid for child in self.children}
        return sum(status(pid, line) for pid in processes() if session(pid) in sessions)


class Agent(Server):
    name, hook, alive = "agent", "/hooks/github", "/healthz"

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = str(pathlib.Path(program).resolve())
        self.repository = folder / "repository"
        self.git("init", "--quiet", "--initial-branch=main", str(self.repository), at=folder)
        (self.repository / "environments").mkdir()
        source = pathlib.Path(__file__).resolve().parent.parent / "environments" / "prod.yaml"
        (self.repository / "environments" / "prod.yaml").write_text(source.read_text())
        (self.repository / "pipeline.yaml").write_text(
            "version: 1\nname: bench\n"
            "environments:\n  prod: { branch: main, supersede: every }\n"
            f"stages:\n  mark: {{ run: '{self.marks.script} \"$RELEVO_COMMIT\"' }}\n"
        )
        self.newest = None
        self.git("add", "--all")
        self.git("-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "--quiet", "-m", "Begin [skip ci]")
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        (folder / "agent.yaml").write_text(SETTINGS.format(folder=folder, port=self.port, repository=self.repository))

    def git(self, *words, at=None):
        done = subprocess.run(["git", *words], cwd=at or self.repository, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def start(self):
        self.run(self.program, "--state", str(self.folder / "state"), "serve", "--config", str(self.folder / "agent.yaml"))

    def commits(self, count):
        """Real commits: the agent runs nothing that is not on the branch."""
        made = []
        parent = self.newest or self.git("rev-parse", "main")
        tree = self.git("rev-parse", "main^{tree}")
        for number in range(count):
            words = ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit-tree", tree, "-p", parent, "-m", f"{number}"]
            parent = self.git(*words)
            made.append(parent)
        self.newest = parent
        return made

    def push(self, commit):
        self.git("update-ref", "refs/heads/main", commit)


SETTINGS = """\
version: 1
listen: 127.0.0.1:{port}
repositories:
  severity: {{ source: {repository}, github: acme/severity, poll: 1h }}
webhooks: {{ secrets: [{{ file: {folder}/secret }}] }}
"""


class Buildbot(Server):
    name, hook, alive = "buildbot", "/change_hook/github", "/"

    def __init__(self, folder, programs):
        super().__init__(folder)
        self.programs = programs
        self.master, self.worker = folder / "master", folder / "worker"
        self.worker_port = free_port()
        tool = lambda name, *words: subprocess.run([programs / name, *words], check=True, capture_output=True)
        tool("buildbot", "create-master", str(self.master))
        (self.master / "master.cfg").write_text(
            MASTER.format(port=self.port, worker_port=self.worker_port, secret=SECRET, script=self.marks.script)
        )
        tool("buildbot-worker", "create-worker", str(self.worker), f"127.0.0.1:{self.worker_port}", "worker", "pass")

    def start(self):
        self.run(self.programs / "twistd", "--nodaemon", "--pidfile=", "-y", "buildbot.tac", cwd=self.master)
        self.run(self.programs / "twistd", "--nodaemon", "--pidfile=", "-y", "buildbot.tac", cwd=self.worker)

    def wait_until_up(self):
        super().wait_until_up()
        # The worker's own file, where its configuration names one; what it prints otherwise.
        logs = [self.worker / "twistd.log", self.folder / f"{self.name}.log"]
        said = lambda: any(log.exists() and "attached" in log.read_text(errors="replace") for log in logs)
        self.wait("attached worker", said, 0.01)


MASTER = """\
from buildbot.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {{}}
c["workers"] = [worker.Worker("worker", "pass")]
c["protocols"] = {{"pb": {{"port": "tcp:{worker_port}:interface=127.0.0.1"}}}}
c["schedulers"] = [schedulers.AnyBranchScheduler(name="all", builderNames=["mark"], treeStableTimer=None)]
factory = util.BuildFactory([steps.ShellCommand(command=["{script}", util.Property("revision")])])
c["builders"] = [util.BuilderConfig(name="mark", workernames=["worker"], factory=factory, collapseRequests=False)]
c["www"] = dict(
    port="tcp:{port}:interface=127.0.0.1",
    change_hook_dialects={{"github": {{"secret": "{secret}", "strict": True}}}},
)
c["db"] = {{"db_url": "sqlite:///state.sqlite"}}
c["buildbotURL"] = "http://127.0.0.1:{port}/"
c["buildbotNetUsageData"] = None
"""


class Webhook(Server):
    name, hook, alive, keeps_logs = "webhook", "/hooks/mark", "/", False

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = program
        rule = {"match": {"type": "payload-hmac-sha256", "secret": SECRET,
                          "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}
        mark = {"id": "mark", "execute-command": str(self.marks.script), "trigger-rule": rule,
                "pass-arguments-to-command": [{"source": "payload", "name": "after"}]}
        (folder / "hooks.json").write_text(json.dumps([mark]))

    def start(self):
        self.run(self.program, "-hooks", str(self.folder / "hooks.json"), "-ip", "127.0.0.1", "-port", str(self.port))


def payload(commit):
    person = {"name": "Ada", "email": "ada@example.org", "username": "ada"}
    change = {
        "id": commit, "message": "Change", "timestamp": "2026-01-01T00:00:00Z", "url": f"https://github.com/acme/severity/commit/{commit}",
        "author": person, "committer": person, "added": [], "removed": [], "modified": ["README.md"], "distinct": True,
    }
    return {
        "ref": "refs/heads/main", "before": hashlib.sha1(commit.encode()).hexdigest(), "after": commit,
        "created": False, "deleted": False, "forced": False, "base_ref": None, "compare": "https://github.com/acme/severity/compare",
        "commits": [change], "head_commit": change, "pusher": {"name": "ada", "email": "ada@example.org"},
        "sender": {"login": "ada", "id": 1, "type": "User"},
        "repository": {
            "id": 1, "name": "severity", "full_name": "acme/severity", "private": True, "default_branch": "main",
            "owner": {"name": "acme", "login": "acme"}, "html_url": "https://github.com/acme/severity",
            "url": "https://github.com/acme/severity", "clone_url": "https://github.com/acme/severity.git",
        },
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def session(pid):
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def status(pid, wanted):
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{wanted}:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
