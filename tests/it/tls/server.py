"""An enterprise's GitHub over https: repositories by git's own program, its REST interface by whoever stands behind it.

    server.py FOLDER UPSTREAM

FOLDER holds chain.pem and key.pem for TLS, the bare repositories as OWNER/NAME.git, and `tokens`, whose lines are the
passwords that open them now (a last `*` stands for anything; behind a first `!` is one that opens nothing). /api/v3 goes to UPSTREAM, a port on this machine. Whoever
asks for OWNER/moved.git is sent to a second server, which has the same certificate. Each request for a repository is a
line in `asked`: WHERE PATH PASSWORD. Ends when its standard input does.
"""

import base64
import http.client
import http.server
import os
import ssl
import subprocess
import sys
import threading

FOLDER, UPSTREAM = sys.argv[1], int(sys.argv[2])


def password(headers):
    kind, _, value = headers.get("Authorization", "").partition(" ")
    if kind != "Basic":
        return ""
    return base64.b64decode(value).decode().partition(":")[2]


def opens(shown):
    with open(os.path.join(FOLDER, "tokens"), encoding="utf-8") as tokens:
        known = tokens.read().split()
    return bool(shown) and f"!{shown}" not in known and any(
        shown.startswith(one[:-1]) if one.endswith("*") else shown == one for one in known
    )


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.take()

    def do_POST(self):
        self.take()

    def do_PATCH(self):
        self.take()

    def log_message(self, *_):
        pass

    def take(self):
        body = self.body()
        if self.path.startswith("/api/v3"):
            self.hand_on(body)
            return
        shown = password(self.headers)
        with open(os.path.join(FOLDER, "asked"), "a", encoding="utf-8") as asked:
            asked.write(f"{self.server.place} {self.path} {shown}\n")
        if "/moved.git" in self.path and self.server.place == "here":
            self.say(302, [("Location", f"https://127.0.0.1:{elsewhere.server_port}{self.path}")])
        elif not opens(shown):
            self.say(401, [("WWW-Authenticate", 'Basic realm="GitHub"')])
        else:
            self.serve_git(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def hand_on(self, body):
        behind = http.client.HTTPConnection("127.0.0.1", UPSTREAM, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        behind.request(self.command, self.path, body, headers)
        answer = behind.getresponse()
        said = answer.read()
        kept = ("etag", "link", "content-type", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        self.say(answer.status, [(n, v) for n, v in answer.getheaders() if n.lower() in kept], said)

    def serve_git(self, body):
        path, _, query = self.path.partition("?")
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": FOLDER,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        ran = subprocess.run(["git", "http-backend"], input=body, env=variables, stdout=subprocess.PIPE)
        head, _, said = ran.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = next((int(v.split()[0]) for n, v in headers if n == "Status"), 200)
        self.say(status, [(n, v) for n, v in headers if n != "Status"], said)

    def say(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(place):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, "chain.pem"), os.path.join(FOLDER, "key.pem"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.place = place
    # A peer that does not trust us hangs up.
    server.handle_error = lambda *_: None
    # The handshake in the thread of the connection: a peer that hangs up in it keeps nobody waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


elsewhere = serve("elsewhere")
here = serve("here")
print("ready", here.server_port, flush=True)
sys.stdin.read()
