#!/usr/bin/env python3
"""Names what runs of an agent: from its start over a few pushes to its end, as `scripts/dist` lays it out.

The agent serves under valgrind, as in serve.py. Printed are the names that the linker knows, one a line, each once, in the
order in which valgrind first met them.

    python3 benches/ran.py target/release/agent > order
"""

import os
import pathlib
import re
import signal
import sys
import tempfile

import serve

PUSHES = 12
# Under valgrind all takes fifty times as long.
serve.PATIENCE = 900.0
# callgrind's own format: a name stands where its number is first met, perhaps with the depth of a recursion behind it.
MET = re.compile(r"c?fn=\(\d+\) ([^'\s]+)")


def main():
    [program] = sys.argv[1:] or [None]
    if program is None:
        raise SystemExit(__doc__)
    with tempfile.TemporaryDirectory(prefix="relevo-ran-") as folder:
        agent = Watched(pathlib.Path(folder), program)
        try:
            agent.start()
            agent.wait_until_up()
            for commit in agent.commits(PUSHES):
                agent.push(commit)
                agent.deliver(commit)
                agent.wait_for(commit)
        finally:
            agent.end()
        for name in agent.ran():
            print(name)


class Watched(serve.Agent):
    def __init__(self, folder, program):
        super().__init__(folder, program)
        self.counts = folder / "counts"

    def run(self, *words, **options):
        watch = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={self.counts}"]
        return super().run(*watch, *words, **options)

    def end(self):
        """What ran is written when the process ends by itself."""
        [child] = self.children
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGTERM)
            child.wait(serve.PATIENCE)

    def ran(self):
        with open(self.counts, errors="replace") as counts:
            return dict.fromkeys(met.group(1) for met in map(MET.match, counts) if met)


if __name__ == "__main__":
    sys.exit(main())
