"""A process is killed with all that it has started, also with what it is starting just then."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tiffin.runtime.api import family
from tiffin.runtime.api.family import Member, kill_family

ROOT, CHILD, OTHER = 10, 11, 12
SECONDS = 30.0
Looks = Callable[..., list[tuple[int, int]]]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    """What /proc shows at each look, the last one from then on; answers the signals that are sent: (pid, number)."""
    sent: list[tuple[int, int]] = []

    def play(*shown: str) -> list[tuple[int, int]]:
        coming: Iterator[str] = iter(shown)
        last = [""]

        def processes() -> list[Member]:
            last[0] = next(coming, last[0])
            children = [Member(CHILD, ROOT, 1, ord(state)) for state in last[0][1:]]
            return [Member(OTHER, 1, 1, ord("R")), Member(ROOT, 1, 1, ord(last[0][0])), *children]

        monkeypatch.setattr(family, "_processes", processes)
        monkeypatch.setattr(family, "_send", lambda pid, number: sent.append((pid, number)))
        return sent

    return play


def test_a_child_that_was_being_forked_when_the_stop_came_is_killed_too(looks: Looks) -> None:
    """A stop takes effect when the fork is through, and the child is to be seen then."""
    sent = looks("R", "R", "R", "T", "TR", "TT")
    assert kill_family(ROOT) == {ROOT, CHILD}
    assert sent[:2] == [(ROOT, signal.SIGSTOP), (CHILD, signal.SIGSTOP)]
    assert set(sent[2:]) == {(ROOT, signal.SIGKILL), (CHILD, signal.SIGKILL)}


def test_what_does_not_stop_is_killed_in_bounds(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs in the kernel, or is frozen."""
    monkeypatch.setattr(family, "SECONDS", 0.05)
    sent = looks("D")
    assert kill_family(ROOT) == {ROOT}
    assert sent == [(ROOT, signal.SIGSTOP), (ROOT, signal.SIGKILL)]


def test_one_that_has_ended_needs_no_stop(looks: Looks) -> None:
    looks("Z")
    assert kill_family(ROOT) == {ROOT}


def test_children_of_children_and_the_session_are_killed() -> None:
    # the second one's parent has ended: only its session tells whose it is
    script = "(sleep 1000; :) & (sleep 1000 &) & echo begun; wait"
    words = ["sh", "-c", script]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True) as root,
        ExitStack() as stack,
    ):
        assert root.stdout is not None
        assert root.stdout.readline() == b"begun\n"
        ends = [os.pidfd_open(one.pid) for one in family.family_of(root.pid)]
        for end in ends:
            stack.callback(os.close, end)
        assert root.pid in kill_family(root.pid)
        assert all(select.select([end], [], [], SECONDS)[0] for end in ends)
        assert root.stdout.read() == b""  # nobody has it open any more
        assert root.wait(SECONDS) == -signal.SIGKILL
