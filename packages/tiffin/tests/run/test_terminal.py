"""`tiffin run -it`: a terminal on both sides."""

from __future__ import annotations

import subprocess

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Tiffin
from packages.tiffin.tests.terminal import COLUMNS, INTERRUPTED, ROWS, interrupt, session

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs")


def test_a_shell_on_a_terminal(tiffin: Tiffin) -> None:
    with session(tiffin.environment, *tiffin.run_words("--rm", "-it", str(tiffin.image), "sh")) as shell:
        shell.write("tty; stty size; echo $TERM-end\n")
        seen = shell.read_until("xterm-end")
        assert "/dev/pts/0" in seen or "/dev/console" in seen
        assert f"{ROWS} {COLUMNS}" in seen
        shell.write("exit 4\n")
        assert shell.process.wait(SECONDS) == 4


def test_ctrl_c_goes_to_the_program(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 8' INT; echo ready; while :; do read line; done"
    with session(
        tiffin.environment, *tiffin.run_words("--rm", "-it", str(tiffin.image), "sh", "-c", script)
    ) as shell:
        shell.read_until("ready")
        shell.write("\x03")
        shell.read_until("caught")
        assert shell.process.wait(SECONDS) == 8


def test_a_terminal_without_input(tiffin: Tiffin) -> None:
    with session(
        tiffin.environment,
        *tiffin.run_words("--rm", "-t", str(tiffin.image), "sh", "-c", "tty && echo has one"),
    ) as shell:
        shell.read_until("has one")
        assert shell.process.wait(SECONDS) == 0


def test_ctrl_c_where_nobody_reads_keys(tiffin: Tiffin) -> None:
    if tiffin.runtime:
        pytest.skip("runc makes a terminal raw whether or not it reads it")
    words = tiffin.run_words("--rm", "-t", str(tiffin.image), "sh", "-c", INTERRUPTED)
    with session(tiffin.environment, *words) as shell:
        interrupt(shell)


def test_ctrl_c_where_attach_reads_no_keys(tiffin: Tiffin) -> None:
    assert tiffin.run("-dit", "--rm", "--name=looked-at", tiffin.image, "sh", "-c", INTERRUPTED).code == 0
    words = [str(PROGRAM), "attach", "--no-stdin", "looked-at"]
    with session(tiffin.environment, *words) as shell:
        interrupt(shell)


def test_without_a_terminal_on_our_side(tiffin: Tiffin) -> None:
    words = tiffin.run_words("-t", tiffin.image, "true")
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=tiffin.environment,
        start_new_session=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 125
    assert "none of the standard streams is a terminal" in done.stderr


def test_a_terminal_in_the_background_waits_for_who_attaches(tiffin: Tiffin) -> None:
    assert tiffin.run("-dit", "--name=behind", tiffin.image, "sh").code == 0
    words = [str(PROGRAM), "attach", "behind"]
    with session(tiffin.environment, *words) as shell:
        shell.write("tty; stty size; echo one-$((1 + 1))\n")
        seen = shell.read_until("one-2")
        assert f"{ROWS} {COLUMNS}" in seen
        shell.write("\x10\x11")
        assert shell.process.wait(SECONDS) == 0
    assert tiffin.states() == {"behind": "running"}
    with session(tiffin.environment, *words) as shell:
        shell.write("exit 4\n")
        assert shell.process.wait(SECONDS) == 4
    assert "one-2" in tiffin.call("logs", "behind").out
    assert tiffin.states() == {"behind": "exited (4)"}


def test_a_further_shell_on_a_terminal(tiffin: Tiffin) -> None:
    assert tiffin.run("-d", "--rm", "--name=first", tiffin.image, "sleep", "300").code == 0
    with session(tiffin.environment, str(PROGRAM), "exec", "-it", "first", "sh") as shell:
        shell.write("tty; stty size; echo $TERM-end\n")
        seen = shell.read_until("xterm-end")
        assert f"{ROWS} {COLUMNS}" in seen
        shell.write("exit 6\n")
        assert shell.process.wait(SECONDS) == 6
