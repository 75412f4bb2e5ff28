"""Runs a script of the repository as a processing container would: `python3 SCRIPT ARGUMENTS…`."""

import os
import runpy
import sys

import _boundary

job = _boundary.begin()
script = job["script"]
sys.argv = [script, *job["arguments"]]
sys.path[0] = os.path.dirname(script)  # where python3 looks first; our own folder is of no interest to it
del sys.modules["_boundary"], _boundary
runpy.run_path(script, run_name="__main__")
