"""What every job of the rehearsal begins with: its limits, and one line that says why it failed.

The agent takes the last line of standard error as the reason of a failure, and reasons are kept. So an exception's
own text is told only where it cannot repeat a row: where the job itself wrote it (its own exception classes,
sys.exit), and for kinds that speak of files, modules and memory. Of all others the kind and the place are told.
"""

import json
import os
import resource
import sys
from pathlib import Path

CLIENT_FAULT = 2  # exit code of a runner whose job was set up wrongly, as opposed to one that failed
CPUS = 4  # of ml.m5.xlarge; numeric libraries start a thread for each and reserve memory for each thread
MAX_FILE_BYTES = 1 << 30
TELLING = (OSError, ImportError, MemoryError, SyntaxError)


def begin():
    """Sets the limits, which hold for all children too, and gives what the agent wrote down about the job."""
    folder = Path(__file__).resolve().parent.parent
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    for kind, limit in (
        (resource.RLIMIT_AS, job["memory_bytes"]),
        (resource.RLIMIT_CPU, job["seconds"] * CPUS),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CPUS])
    sys.excepthook = lambda _, error, trace: print(told(error, trace, folder), file=sys.stderr)
    return job


def told(error, trace, folder):
    """One line about the exception, without anything that could be a row."""
    kind = type(error)
    place = ""
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(folder):
            place = " in %s, line %d" % (path.name, trace.tb_lineno)
        trace = trace.tb_next
    own = getattr(sys.modules.get(kind.__module__), "__file__", None) or ""
    if kind.__module__ == "__main__" or own.startswith(str(folder)) or isinstance(error, TELLING):
        return "%s: %s" % (kind.__name__, str(error).strip().replace("\n", " ")) if str(error) else kind.__name__
    return "%s%s (its text may repeat data and is not kept)" % (kind.__name__, place)


def client_fault(message):
    """Ends the runner: whoever set up the job made a mistake."""
    print(message, file=sys.stderr)
    sys.exit(CLIENT_FAULT)
