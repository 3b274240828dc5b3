"""A command that is asked to end while it makes a container does its work first, as runc does."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, read_terminal, shell
from packages.runtime.tests.lifecycle.test_terminal import TERMINAL, OwnTerminal

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
VERBS = {"create": ["create"], "run": ["run", "--detach"]}


class Pause:
    """A prestart hook that waits until a signal was sent to the runtime."""

    def __init__(self, folder: Path) -> None:
        self._here, self._go = folder / "here", folder / "go"
        os.mkfifo(self._here)
        os.mkfifo(self._go)
        script = f"echo > {self._here}; read line < {self._go}"
        self.hooks = {"hooks": {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", script]}]}}

    def interrupt(self, process: subprocess.Popen[bytes], number: int) -> None:
        self._here.read_text()
        process.send_signal(number)
        self._go.write_text("on\n")


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
    pause = Pause(tmp_path)
    bundle = bundle_factory(pause.hooks, args=FOREVER)
    words = [*VERBS[verb], "--bundle", str(bundle.path), container_id]
    null = subprocess.DEVNULL
    command = [*runtime_under_test.command, "--root", str(runtime_under_test.root), *words]
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null) as process:
        pause.interrupt(process, number)
        assert process.wait(20) == 0
    try:
        assert runtime_under_test.status(container_id) == ("created" if verb == "create" else "running")
    finally:
        runtime_under_test.delete(container_id, force=True).must_succeed()


def test_in_a_terminal_too(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    """The signal is forwarded then, and a shell that is the first process of its namespace is not ended by it."""
    pause = Pause(tmp_path)
    bundle = bundle_factory({**TERMINAL, **pause.hooks}, args=shell("read line; echo got $line; exit 4"))
    words = ["run", "--bundle", str(bundle.path), container_id]
    terminal = OwnTerminal([*runtime_under_test.command, "--root", str(runtime_under_test.root), *words])
    pause.interrupt(terminal.process, signal.SIGTERM)
    os.write(terminal.master, b"typed\r")
    assert "got typed" in read_terminal(terminal.master, "got typed")
    assert terminal.finish() == 4
