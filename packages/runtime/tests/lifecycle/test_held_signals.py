"""A command that is asked to end while it makes a container does its work first, as runc does."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
VERBS = {"create": ["create"], "run": ["run", "--detach"]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("verb", VERBS)
def test_the_container_is_made_all_the_same(
    verb: str,
    number: signal.Signals,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    tmp_path: Path,
) -> None:
    here, go = tmp_path / "here", tmp_path / "go"
    os.mkfifo(here)
    os.mkfifo(go)
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"echo > {here}; read line < {go}"]}
    bundle = bundle_factory({"hooks": {"prestart": [hook]}}, args=FOREVER)
    words = [*VERBS[verb], "--bundle", str(bundle.path), container_id]
    null = subprocess.DEVNULL
    command = [*runtime_under_test.command, "--root", str(runtime_under_test.root), *words]
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null) as process:
        here.read_text()
        process.send_signal(number)
        go.write_text("on\n")
        assert process.wait(20) == 0
    try:
        assert runtime_under_test.status(container_id) == ("created" if verb == "create" else "running")
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()
