"""Waiting for a process, with a time limit or with something else, where there are no pidfds (before Linux 5.3)."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER
from packages.runtime.tests.lifecycle.test_notify import environment, host, ready_bundle, told
from packages.runtime.tests.old_kernel.conftest import Make
from packages.runtime.tests.old_kernel.denial import Denial, only_ours

from tiffin_testing.oci_runtime import OCIRuntime

__all__ = ["host"]
pytestmark = pytest.mark.requires("root", "gcc", "libseccomp", "busybox")
Denied = Callable[..., Denial]

ENDS = """
import os, select, subprocess, sys
from tiffin.runtime.launch.process_end import open_end

def polled(descriptor, milliseconds):
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(milliseconds))

child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
reader, writer = os.pipe()
start = ["sh", "-c", f"cat <&{reader} >/dev/null & echo $!"]
stranger = int(subprocess.run(start, stdout=subprocess.PIPE, pass_fds=[reader]).stdout)
ends = [open_end(child.pid), open_end(stranger)]
assert not any(polled(end, 50) for end in ends)
child.stdin.close()
os.close(writer)
assert all(polled(end, 20000) for end in ends)
assert child.wait() == 0, "it was left to be reaped"
try:
    open_end(child.pid)
except ProcessLookupError:
    print("done")
"""
LIMIT = """
import sys
from tiffin.runtime import Runtime, TimedOut
with Runtime(sys.argv[1]) as runtime:
    assert runtime.run(bundle=sys.argv[2]).exit_code == 0
    try:
        runtime.run(bundle=sys.argv[3], timeout=0.2)
    except TimedOut:
        print("done", runtime.containers())
"""


def run(denial: Denial, program: str, *words: str) -> str:
    """What a program of Python writes under the filter."""
    command = denial.command([sys.executable, "-c", program, *words])
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("calls", [(), ("pidfd_open",)])
def test_the_end_of_a_child_and_of_a_stranger_can_be_polled(calls: tuple[str, ...], denied: Denied) -> None:
    assert run(denied(*calls), ENDS) == "done\n"


def test_the_time_limit_of_the_api_holds(denied: Denied, bundle_factory: Make, tmp_path: Path) -> None:
    bundles = bundle_factory(args=["true"]), bundle_factory(args=FOREVER)
    words = (str(tmp_path / "state"), *(str(bundle.path) for bundle in bundles))
    assert run(denied("pidfd_open"), LIMIT, *words) == "done []\n"


def test_systemd_is_told_that_the_container_is_ready(
    denied: Denied,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    host: socket.socket,
) -> None:
    runtime = denied("pidfd_open").around(runtime_under_test)
    bundle = ready_bundle(bundle_factory)
    try:
        runtime.create(container_id, bundle, env=environment(host)).must_succeed()
        pid = runtime.state(container_id)["pid"]
        runtime.call("start", container_id, env=environment(host)).must_succeed()
        assert told(host) == ["READY=1", f"MAINPID={pid}"]
    finally:
        runtime.delete(container_id, force=True).must_succeed()


def test_a_socket_for_a_pidfd_is_refused_with_the_reason(
    denied: Denied, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(runtime_under_test, "runc 1.1 has no --pidfd-socket")
    runtime = denied("pidfd_open").around(runtime_under_test)
    outcome = runtime.create(container_id, bundle_factory(), "--pidfd-socket", "/nowhere")
    assert outcome.exit_code == 1
    assert "this kernel has no pidfds" in outcome.stderr
    assert not runtime.root.joinpath(container_id).exists()
