"""Invokes a Lambda function's handler, whose boto3 speaks with the agent over this process's standard streams.

What the function prints goes to standard error, as the other stream belongs to the conversation: a line of JSON each
way for each call, and last the result or the failure as Lambda would report it.
"""

import importlib
import json
import os
import sys
import zipfile
from pathlib import Path

import _boundary

MAX_UNPACKED = 250 * 1024 * 1024  # bytes (Lambda quotas, deployment package size)


class Context:
    """What a handler may ask about its invocation."""

    def __init__(self, facts):
        self.function_name = facts["name"]
        self.function_version = facts["version"]
        self.invoked_function_arn = facts["arn"]
        self.aws_request_id = facts["request_id"]
        self.memory_limit_in_mb = str(facts["memory_mb"])
        self._milliseconds = facts["timeout_seconds"] * 1000

    def get_remaining_time_in_millis(self):
        return self._milliseconds


def unpack(archive, folder):
    with zipfile.ZipFile(archive) as package:
        if sum(member.file_size for member in package.infolist()) > MAX_UNPACKED:
            raise ValueError("Unzipped size must be smaller than %d bytes" % MAX_UNPACKED)
        package.extractall(folder)


def find(handler):
    """The function that `module.function` names, with Lambda's own words where there is none."""
    module, _, name = handler.rpartition(".")
    try:
        found = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        return failed("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, error))
    except SyntaxError as error:
        return failed("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, error))
    if not hasattr(found, name):
        return failed("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (name, module))
    return getattr(found, name)


def failed(kind, message):
    speak({"failure": {"errorType": kind, "errorMessage": message}})
    sys.exit(0)


def speak(line):
    conversation.write(json.dumps(line) + "\n")
    conversation.flush()


def ask(question):
    speak({"question": question})
    line = sys.stdin.readline()
    if not line:
        sys.exit("the agent is gone")
    return json.loads(line)


job = _boundary.begin()
conversation = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
folder = Path(__file__).resolve().parent.parent
unpack(folder / "function.zip", folder / "task")
sys.path[:1] = [str(folder / "runner" / "modules"), str(folder / "task")]
os.chdir(folder / "task")

import boto3  # noqa: E402

boto3.speak_through(ask)
handler = find(job["handler"])
try:
    result = handler(job["event"], Context(job["context"]))
except Exception as error:  # whatever it is, Lambda reports it
    failed(type(error).__name__, str(error))
try:
    speak({"result": json.loads(json.dumps(result))})
except (TypeError, ValueError) as error:
    failed("Runtime.MarshalError", "Unable to marshal response: %s" % error)
