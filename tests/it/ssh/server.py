"""A server that gives repositories by ssh, as any host with git does.

    server.py FOLDER

FOLDER holds the bare repositories. What is made there: `key`, which is let in, `other-key`, which is not, and `known`, the
server's own key as ssh's list of known hosts has it. Only `git-upload-pack` is run. Ends when its standard input does.
"""

import asyncio
import contextlib
import os
import shlex
import sys

import asyncssh

FOLDER = sys.argv[1]


def make_key(name):
    key = asyncssh.generate_private_key("ssh-ed25519")
    path = os.path.join(FOLDER, name)
    key.write_private_key(path)
    os.chmod(path, 0o600)
    return key.convert_to_public()


async def pump(source, sink):
    with contextlib.suppress(ConnectionError, asyncssh.Error):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()


async def ask(process, git):
    await pump(process.stdin, git.stdin)
    git.stdin.close()


async def give(process):
    program, _, path = (process.command or "").partition(" ")
    if program != "git-upload-pack":
        process.stderr.write(b"only repositories are given here\n")
        process.exit(1)
        return
    repository = os.path.join(FOLDER, shlex.split(path)[0].lstrip("/"))
    pipe = asyncio.subprocess.PIPE
    git = await asyncio.create_subprocess_exec("git", "upload-pack", repository, stdin=pipe, stdout=pipe, stderr=pipe)
    asking = asyncio.create_task(ask(process, git))
    await asyncio.gather(pump(git.stdout, process.stdout), pump(git.stderr, process.stderr))
    process.exit(await git.wait())
    asking.cancel()


async def main():
    allowed = asyncssh.import_authorized_keys(make_key("key").export_public_key().decode())
    make_key("other-key")
    own = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[own], authorized_client_keys=allowed, process_factory=give, encoding=None,
    )
    port = server.get_port()
    with open(os.path.join(FOLDER, "known"), "w", encoding="utf-8") as known:
        known.write(f"[127.0.0.1]:{port} {own.export_public_key().decode()}")
    print("ready", port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    # Without waiting for whoever is still connected.
    os._exit(0)


asyncio.run(main())
