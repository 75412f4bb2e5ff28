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

    keep_group_policies()
    name_versioning()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return server.get_host_and_port()[1], lambda: None


def keep_group_policies():
    """moto 5.2 lacks the policies of model package groups. They are kept here as they come, and mean nothing."""
    from moto.core.responses import ActionResult
    from moto.sagemaker.exceptions import ValidationError
    from moto.sagemaker.responses import SageMakerResponse

    if hasattr(SageMakerResponse, "put_model_package_group_policy"):
        sys.exit("moto has policies of model package groups now: take this out")

    def policies_and_name(self):
        name = self._get_param("ModelPackageGroupName")
        group = self.sagemaker_backend.describe_model_package_group(model_package_group_name=name)
        return self.sagemaker_backend.__dict__.setdefault("group_policies", {}), name, group

    def put(self):
        policies, name, group = policies_and_name(self)
        policies[name] = self._get_param("ResourcePolicy")
        return ActionResult({"ModelPackageGroupArn": group.arn})

    def get(self):
        policies, name, _ = policies_and_name(self)
        if name not in policies:
            raise ValidationError(message="Cannot find Model Package Group Policy of %s" % name)
        return ActionResult({"ResourcePolicy": policies[name]})

    SageMakerResponse.put_model_package_group_policy = put
    SageMakerResponse.get_model_package_group_policy = get


def name_versioning():
    """moto 5.2 calls what GetBucketVersioning answers by another name than S3, and SDKs that look at it refuse it."""
    from moto.s3.responses import S3Response

    answered = S3Response.get_bucket_versioning

    def named(self):
        status, headers, body = answered(self)
        return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")

    S3Response.get_bucket_versioning = named


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
