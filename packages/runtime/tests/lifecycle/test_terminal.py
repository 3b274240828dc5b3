"""Terminals: their other side goes to the console socket, or is joined to the caller's own."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import (
    FOREVER,
    ConsoleSocket,
    Make,
    created,
    has_ended,
    read_terminal,
    running,
    shell,
)

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")

TERMINAL = {"process": {"terminal": True}}
SHOW = shell("tty; test -t 0 && test -t 1 && test -t 2 && echo terminals; stty size; echo done")


def test_a_created_container_sends_its_terminal(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(
        {"process": {"terminal": True, "consoleSize": {"width": 99, "height": 33}}}, args=SHOW
    )
    with (
        ConsoleSocket(tmp_path) as console,
        created(runtime_under_test, bundle, container_id, "--console-socket", console.path),
    ):
        master = console.descriptor()
        runtime_under_test.start(container_id).must_succeed()
        shown = read_terminal(master, "done").replace("\r\n", "\n")
        os.close(master)
    assert shown.startswith("/dev/pts/0\nterminals\n33 99\n")


def test_what_is_typed_is_read(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(TERMINAL, args=shell("read line; echo got $line"))
    with ConsoleSocket(tmp_path) as console:
        runtime_under_test.run(
            container_id, bundle, "--detach", "--console-socket", console.path
        ).must_succeed()
        try:
            master = console.descriptor()
            os.write(master, b"typed\n")
            assert "got typed" in read_terminal(master, "got typed")
            os.close(master)
            runtime_under_test.wait_stopped(container_id)
        finally:
            runtime_under_test.delete(container_id, force=True).must_succeed()


def test_a_further_process_has_a_terminal_of_its_own(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    with (
        running(runtime_under_test, bundle_factory(args=FOREVER), container_id),
        ConsoleSocket(tmp_path) as console,
    ):
        flags = [
            "--tty",
            "--detach",
            "--console-socket",
            str(console.path),
            "--pid-file",
            str(tmp_path / "pid"),
        ]
        runtime_under_test.exec(container_id, SHOW, *flags).must_succeed()
        master = console.descriptor()
        assert "terminals" in read_terminal(master, "done")
        os.close(master)
        assert has_ended(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_and_a_console_socket_need_each_other(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path, *, terminal: bool
) -> None:
    bundle = bundle_factory({"process": {"terminal": terminal}}, args=FOREVER)
    with ConsoleSocket(tmp_path) as console:
        flags = () if terminal else ("--console-socket", console.path)
        outcome = runtime_under_test.create(container_id, bundle, *flags)
    assert outcome.exit_code == 1
    expected = "without setting console socket" if terminal else "cannot use console socket"
    assert expected in outcome.stderr
    assert not list(runtime_under_test.containers())


def test_a_console_socket_that_nobody_listens_on_undoes_the_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    bundle = bundle_factory(TERMINAL, args=FOREVER)
    outcome = runtime_under_test.create(container_id, bundle, "--console-socket", tmp_path / "absent.sock")
    assert outcome.exit_code == 1
    assert not list(runtime_under_test.containers())


class OwnTerminal:
    """A pseudoterminal of 50 columns and 20 rows, in which a runtime runs in the foreground."""

    def __init__(self, command: list[str]) -> None:
        self.master, theirs = pty.openpty()
        self.resize(20, 50)
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        self.theirs = theirs

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def finish(self) -> int:
        """Waits for the end; the terminal must be as it was."""
        code = self.process.wait(20)
        assert termios.tcgetattr(self.theirs) == self.before
        os.close(self.master)
        os.close(self.theirs)
        return code


def test_in_the_foreground_our_terminal_is_joined_to_the_containers(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(TERMINAL, args=shell("stty size; read line; echo got $line; exit 4"))
    command = [
        *runtime_under_test.command,
        "--root",
        str(runtime_under_test.root),
        "run",
        "-b",
        str(bundle.path),
    ]
    terminal = OwnTerminal([*command, container_id])
    read_terminal(terminal.master, "20 50")
    os.write(terminal.master, b"typed\r")
    assert "got typed" in read_terminal(terminal.master, "got typed")
    assert terminal.finish() == 4
    assert not list(runtime_under_test.containers())


def test_a_further_process_in_the_foreground_is_joined_too(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        command = [
            *runtime_under_test.command,
            "--root",
            str(runtime_under_test.root),
            "exec",
            "-t",
            container_id,
        ]
        terminal = OwnTerminal([*command, *shell("stty size; read line; echo got $line; exit 4")])
        read_terminal(terminal.master, "20 50")
        os.write(terminal.master, b"typed\r")
        assert "got typed" in read_terminal(terminal.master, "got typed")
        assert terminal.finish() == 4


def test_a_new_size_reaches_the_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    script = "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done"
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        command = [
            *runtime_under_test.command,
            "--root",
            str(runtime_under_test.root),
            "exec",
            "-t",
            container_id,
        ]
        terminal = OwnTerminal([*command, *shell(script)])
        read_terminal(terminal.master, "ready")
        terminal.resize(31, 77)
        os.kill(terminal.process.pid, 28)  # SIGWINCH: it is not in a foreground process group
        assert "31 77" in read_terminal(terminal.master, "31 77")
        assert terminal.finish() == 0
