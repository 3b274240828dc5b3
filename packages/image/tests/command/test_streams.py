"""Streams that are closed, full, unread, or of another encoding: one line and an exit code, or no difference at all."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from packages.image.tests.command.conftest import PROGRAM, SECONDS, Program

from tiffin.image.writing import write_layout

BAD_DESCRIPTOR = "Bad file descriptor"
NO_SPACE = "No space left on device"


def shell(program: Program, line: str) -> tuple[int, str]:
    """The exit code of a line of a shell, in which $T is the program; and its stderr."""
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=program.folder,
        env={**program.environment, "T": PROGRAM},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", ["--version", "--help", "copy --help", "inspect IT", "inspect --raw IT"])
@pytest.mark.parametrize(("stream", "text"), [(">&-", BAD_DESCRIPTOR), (">/dev/full", NO_SPACE)])
def test_an_output_that_cannot_be_written(
    words: str, stream: str, text: str, program: Program, original: str
) -> None:
    code, told = shell(program, f'"$T" {words.replace("IT", original)} {stream}')
    assert code == 1
    assert told.startswith("tiffin-image")
    assert told.endswith(f": {text}\n")
    assert told.count("\n") == 1


@pytest.mark.parametrize("words", ["load", "login -u x --password-stdin x.test", "manifest-digest -"])
def test_no_stdin(words: str, program: Program) -> None:
    code, told = shell(program, f'"$T" {words} <&-')
    assert code == 1
    assert told == f"tiffin-image {words.split(maxsplit=1)[0]}: {BAD_DESCRIPTOR}\n"
    code, told = shell(program, '"$T" login x.test <&-')
    assert code == 64
    assert "no terminal to ask on" in told


def test_a_copy_needs_none_of_them(program: Program, original: str) -> None:
    assert shell(program, f'"$T" copy {original} oci:made:1 <&- >&- 2>&-')[0] == 0
    assert program("digest", "oci:made:1") == program("digest", original)
    assert shell(program, '"$T" inspect oci:nothing 2>&-')[0] == 2


@pytest.mark.parametrize("filter_", ["cat", "gzip -c"])
def test_an_archive_may_be_a_pipe(filter_: str, program: Program, original: str) -> None:
    program("copy", "-q", original, "docker-archive:saved.tar:app:1")
    line = f'{filter_} saved.tar | "$T" %s'
    assert shell(program, line % "load -q -i /dev/stdin") == (0, "")
    assert shell(program, line % "load -q --name other") == (0, "")
    assert shell(program, line % "copy -q docker-archive:/dev/stdin oci:made:1") == (0, "")
    diff_ids = {
        program("inspect", "--config", "--format", "rootfs", image) for image in ("app:1", "other", original)
    }
    assert len(diff_ids) == 1


def test_nobody_reads_the_version(program: Program) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as unread:
        command = [PROGRAM, "--version"]
        done = subprocess.run(
            command,
            stdout=unread,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
            env=program.environment,
        )
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_output_is_utf_8_in_any_locale(encoding: str, program: Program, tmp_path: Path) -> None:
    value = "ä日\U0001f600"
    write_layout(str(tmp_path / "image"), (), {"Labels": {"l": value}, "Env": [f"E={value}"]}, "1")
    program.environment |= {"LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [PROGRAM, "inspect", "oci:image:1"],
        cwd=program.folder,
        env=program.environment,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Labels"] == {"l": value}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_a_dockerfile_from_stdin_is_utf_8_in_any_locale(encoding: str, program: Program) -> None:
    program.environment |= {"LANG": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    program("build", "-q", "-t", "app", "-f", "-", ".", given="FROM scratch\nLABEL l=ä日\n")
    assert program("inspect", "--format", "Labels.l", "app") == "ä日\n"
    code, told = shell(program, """printf 'FROM scratch\\377' | "$T" build -f - .""")
    assert code == 1
    assert told.splitlines()[-1] == "tiffin-image build: Dockerfile:1: FROM: the byte 0xff in it is not UTF-8"
