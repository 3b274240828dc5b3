"""Taking the image: killed at any moment, by many at once, and where it cannot be kept."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from packages.runtime.tests.snapshot.installation import SECONDS, Installation

from tiffin.runtime.snapshot.take import RETRY_AFTER

TAKERS = 10
STRIDES = {
    "ptrace": (1, 2, 3, 5),
    "openat": (150, 250, 400),
    "pread64": (1, 30),
    "rename": (1,),
    "wait4": (1, 3),
}
KILLS = [(call, number) for call, numbers in STRIDES.items() for number in numbers]
TEMPLATE = "serve_one_command"


def templates(installation: Installation) -> list[str]:
    """Processes that are templates of this installation."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if TEMPLATE.encode() in words and os.fsencode(installation.prefix) in words:
            found.append(path.parent.name)
    return found


def all_gone(installation: Installation) -> bool:
    """Whether the templates are gone: the kernel kills them with their tracer, or their pipe ends, a moment later."""
    deadline = time.monotonic() + SECONDS
    while templates(installation):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True


@pytest.mark.requires("strace")
@pytest.mark.parametrize(("call", "number"), KILLS)
def test_a_taker_that_is_killed_leaves_nothing(call: str, number: int, installation: Installation) -> None:
    injection = ("strace", "-qq", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={number}")
    assert installation.call("--version", before=injection).returncode == -signal.SIGKILL
    assert all_gone(installation)
    done = installation.call("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert installation.goes_on(), installation.why_not()
    assert not installation.unfinished.exists()


def test_many_at_once_leave_one_whole_image(installation: Installation) -> None:
    command = [*installation.command(), "--version"]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(TAKERS)
    ]
    outcomes = [(*child.communicate(timeout=SECONDS), child.returncode) for child in started]
    assert {(error, code) for _, error, code in outcomes} == {(b"", 0)}
    assert len({output for output, _, _ in outcomes}) == 1
    assert installation.goes_on(), installation.why_not()
    assert not installation.unfinished.exists()
    assert not installation.refused.exists()


def test_what_cannot_be_kept_is_told_and_not_tried_again_for_a_while(installation: Installation) -> None:
    done = installation.call("--version", before=("prlimit", "--fsize=100000", "--"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "too large" in installation.refused.read_text()
    assert not installation.image.exists()
    assert not installation.unfinished.exists()
    assert installation.call("--version").returncode == 0
    assert not installation.image.exists()
    long_ago = time.time() - RETRY_AFTER - 1
    os.utime(installation.refused, (long_ago, long_ago))
    assert installation.call("--version").returncode == 0
    assert installation.goes_on(), installation.why_not()


@pytest.mark.requires("strace")
def test_where_another_one_traces_it_there_is_none(installation: Installation) -> None:
    done = installation.call("--version", before=("strace", "-f", "-qq", "-o", "/dev/null"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert "ptrace" in installation.refused.read_text()
    assert all_gone(installation)
