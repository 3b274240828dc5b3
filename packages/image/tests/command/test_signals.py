"""Signals that end a process: nothing is left, the exit code says which it was, and one that is ignored stays so."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from packages.image.tests.command.conftest import PROGRAM, SECONDS, Program


def start(program: Program, ignored: signal.Signals | None = None) -> subprocess.Popen[bytes]:
    """A `load` that waits for the rest of its archive, with some of it in a folder of its own already."""
    folder = program.folder / "tmp"
    folder.mkdir()
    command = [PROGRAM, "load"]
    if ignored is not None:
        command = ["sh", "-c", f"trap '' {ignored.name[3:]}; exec {PROGRAM} load"]
    process = subprocess.Popen(
        command,
        cwd=program.folder,
        env={**program.environment, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert soon(lambda: any(folder.glob("*/stdin")))
    return process


def soon(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (signal.SIGHUP, 129, "ended by SIGHUP"),
    ],
)
def test_nothing_is_left(number: signal.Signals, code: int, text: str, program: Program) -> None:
    with start(program) as process:
        process.send_signal(number)
        _, told = process.communicate(timeout=SECONDS)
    assert (process.returncode, told.decode()) == (code, f"tiffin-image load: {text}\n")
    assert list((program.folder / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_the_caller_ignores_stays_ignored(number: signal.Signals, program: Program) -> None:
    with start(program, number) as process:
        process.send_signal(number)
        _, told = process.communicate(b"no archive", timeout=SECONDS)
    assert process.returncode == 3, told
