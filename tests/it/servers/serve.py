"""Runs one server on a free loopback port, says `ready PORT`, and ends when its standard input does.

Whoever started it need not stop it: a pipe ends with the process that holds its other end.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time

TRIES = 1500  # looks for an answer, 20 ms apart: half a minute, where a start takes two seconds


def moto():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server.get_host_and_port()[1], lambda: None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ministack():
    port = free_port()
    folder = tempfile.TemporaryDirectory()
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": folder.name,
        "TMPDIR": folder.name,
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "LOG_LEVEL": "ERROR",
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=environment,
        cwd=folder.name,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
    )

    def stop():
        child.kill()
        child.wait()
        folder.cleanup()

    for _ in range(TRIES):
        if child.poll() is not None:
            sys.exit("ministack ended before it answered")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port, stop
        except OSError:
            time.sleep(0.02)
    stop()
    sys.exit("ministack does not answer")


def die_with_parent():
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def main():
    port, stop = {"moto": moto, "ministack": ministack}[sys.argv[1]]()
    print(f"ready {port}", flush=True)
    sys.stdin.buffer.read()
    stop()
    os._exit(0)


if __name__ == "__main__":
    main()
