"""`tiffin --address SOCKET exec` and `attach`."""

from __future__ import annotations

import signal

import pytest
from packages.tiffin.tests.conftest import SECONDS
from packages.tiffin.tests.managed.conftest import Managed
from packages.tiffin.tests.terminal import COLUMNS, ROWS, session

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "containerd", "cgroup_writable")


def test_streams_and_exit_code(managed: Managed) -> None:
    managed.start("first")
    done = managed.call("exec", "-i", "first", "sh", "-c", "cat; echo wrong >&2; exit 7", stdin="some\n")
    assert (done.code, done.out, done.err) == (7, "some\n", "wrong\n")
    assert managed.call("exec", "first", "cat", stdin="unread").out == ""


def test_user_folder_and_environment(managed: Managed) -> None:
    managed.start("first", "exec sleep 300", "-e", "FIRST=1")
    script = "id -u; id -G; pwd; echo $FIRST $WHO $HOME"
    flags = ("--user=user", "--workdir=/tmp", "-e", "WHO=me")
    done = managed.call("exec", *flags, "first", "sh", "-c", script)
    assert done.lines == ["1000", "1000 2000", "/tmp", "1 me /home"]
    unknown = managed.call("exec", "--user=nobody-such", "first", "true")
    assert "no user 'nobody-such'" in unknown.err


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_a_program_that_cannot_be_executed(managed: Managed, program: str, code: int) -> None:
    managed.start("first")
    done = managed.call("exec", "first", program)
    assert done.code == code
    assert program in done.err
    assert len(done.err.splitlines()) == 1


def test_a_process_in_the_background(managed: Managed) -> None:
    managed.start("first", "while [ ! -e /tmp/flag ]; do sleep 0.05; done; exit 9")
    assert managed.call("exec", "-d", "first", "touch", "/tmp/flag").code == 0
    assert managed.call("wait", "first").lines == ["9"]


def test_what_does_not_run(managed: Managed) -> None:
    managed.start("brief", "exit 0")
    assert managed.call("wait", "brief").lines == ["0"]
    for words in (
        ("exec", "brief", "true"),
        ("top", "brief"),
        ("attach", "brief"),
        ("cp", "brief:/etc/passwd", "/tmp/x"),
    ):
        done = managed.call(*words)
        assert done.code == 1
        assert "'brief' does not run: it has ended" in done.err
    missing = managed.call("exec", "nobody", "true")
    assert missing.code == 1
    assert "namespace 'default'" in missing.err


def test_a_further_shell_on_a_terminal(managed: Managed) -> None:
    managed.start("first")
    with session(managed.environment, *managed.words("exec", "-it", "first", "sh")) as shell:
        shell.write("tty; stty size; echo $TERM-end\n")
        assert f"{ROWS} {COLUMNS}" in shell.read_until("xterm-end")
        shell.write("exit 6\n")
        assert shell.process.wait(SECONDS) == 6


def test_the_terminal_takes_the_size_of_ours(managed: Managed) -> None:
    managed.start("first")
    size = f"{ROWS + 1} {COLUMNS + 2}"  # the first size may come after `ready`, so the program waits for the second
    script = f"echo ready; until stty size | grep '{size}'; do sleep 0.05; done; exit 7"
    with session(managed.environment, *managed.words("exec", "-it", "first", "sh", "-c", script)) as shell:
        shell.read_until("ready")
        shell.resize(ROWS + 1, COLUMNS + 2)
        shell.process.send_signal(signal.SIGWINCH)  # our terminal controls nobody: the kernel sends none
        shell.read_until(size)
        assert shell.process.wait(SECONDS) == 7


def test_ctrl_c_goes_to_the_program(managed: Managed) -> None:
    managed.start("first")
    script = "trap 'echo caught; exit 8' INT; echo ready; while :; do sleep 0.05; done"
    with session(managed.environment, *managed.words("exec", "-it", "first", "sh", "-c", script)) as shell:
        shell.read_until("ready")
        shell.write("\x03")
        shell.read_until("caught")
        assert shell.process.wait(SECONDS) == 8


def test_a_terminal_in_the_background_waits_for_who_attaches(managed: Managed) -> None:
    assert managed.run("-dit", "--name=behind", "box", "sh").code == 0
    with session(managed.environment, *managed.words("attach", "behind")) as shell:
        shell.write("stty size; echo one-$((1 + 1))\n")
        assert f"{ROWS} {COLUMNS}" in shell.read_until("one-2")
        shell.write("\x10\x11")
        assert shell.process.wait(SECONDS) == 0
    assert managed.states() == {"behind": "running"}
    with session(managed.environment, *managed.words("attach", "behind")) as shell:
        shell.write("exit 4\n")
        assert shell.process.wait(SECONDS) == 4


def test_a_container_with_a_log_cannot_be_attached_to(managed: Managed) -> None:
    managed.start("logged")
    done = managed.call("attach", "logged")
    assert done.code == 1
    assert "`tiffin logs --follow logged`" in done.err
