"""The exit code of `tiffin run`: the command's, or docker's for what went wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs")


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 42", 42), ("exec /none 2>/dev/null", 127), ("trap - TERM; kill -TERM $$; :", 0)],
)
def test_the_command_s_own(tiffin: Tiffin, script: str, code: int) -> None:
    assert tiffin.run("--rm", tiffin.image, "sh", "-c", script).code == code


def test_death_by_a_signal(tiffin: Tiffin) -> None:
    flags = ("--rm", "--pid=host")  # pid 1 of a namespace gets no signal from itself
    assert tiffin.run(*flags, tiffin.image, "sh", "-c", "kill -KILL $$").code == 137
    assert tiffin.run(*flags, tiffin.image, "sh", "-c", "kill -TERM $$").code == 143


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("not-a-program", 127, "not-a-program"),
        ("/not/there", 127, "/not/there"),
        ("/etc/passwd", 126, "/etc/passwd"),
        ("/etc", 126, "/etc"),
    ],
)
def test_a_program_that_cannot_be_run(tiffin: Tiffin, command: str, code: int, text: str) -> None:
    outcome = tiffin.run("--rm", tiffin.image, command)
    assert outcome.code == code
    assert outcome.out == ""
    assert text in outcome.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--no-such-flag", "hello"), "unknown flag: --no-such-flag"),
        (("--memory=much", "hello"), "--memory: 'much' is no size"),
        ((), "expected IMAGE"),
        (("/no/such/image",), "there is no image at '/no/such/image'"),
        (("--name=a/b", "hello"), "'a/b' is no name of a container"),
        (("--user=nobody-there", "hello"), "the image has no user 'nobody-there'"),
        (("--network=bridge", "hello"), "--network: 'bridge' cannot be had"),
        (("--volume=/no/such/folder:/x", "hello"), "there is nothing at '/no/such/folder'"),
    ],
)
def test_tiffin_itself_failed(tiffin: Tiffin, words: tuple[str, ...], text: str) -> None:
    outcome = tiffin.run(*words)
    assert outcome.code == 125
    assert outcome.out == ""
    assert text in outcome.err
    assert "Traceback" not in outcome.err


def test_a_broken_image_is_named(tiffin: Tiffin, tmp_path: Path) -> None:
    (tmp_path / "broken.tar").write_bytes(b"this is no archive" * 100)
    outcome = tiffin.run(tmp_path / "broken.tar")
    assert outcome.code == 125
    assert "broken.tar" in outcome.err


def test_a_runtime_that_is_not_there(tiffin: Tiffin) -> None:
    outcome = tiffin.call("run", "--runtime=no-such-runtime", "hello")
    assert outcome.code == 125
    assert "there is no program 'no-such-runtime'" in outcome.err


def test_the_command_s_own_where_our_streams_are_closed(tiffin: Tiffin) -> None:
    words = tiffin.run_words("--rm", tiffin.image, "sh", "-c", "echo unheard; exit 5")
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *words]
    done = subprocess.run(command, env=tiffin.environment, timeout=SECONDS, check=False)
    assert done.returncode == 5
