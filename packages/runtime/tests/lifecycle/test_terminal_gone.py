"""Terminals in the foreground of which one side has gone: ours, or the container's."""

from __future__ import annotations

import os
import select
import subprocess
from types import SimpleNamespace

import pytest
from packages.runtime.tests.lifecycle.containers import Make, read_terminal, shell
from packages.runtime.tests.lifecycle.test_terminal import TERMINAL, OwnTerminal

from tiffin.runtime.lifecycle import terminal as under_test
from tiffin_testing.oci_runtime import OCIRuntime

POLLS = 8


@pytest.mark.requires("root")
def test_a_container_lives_on_when_our_terminal_goes(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(TERMINAL, args=shell("echo started; read line < /go; echo nobody sees; exit 5"))
    os.mkfifo(bundle.rootfs / "go")
    command = [*runtime_under_test.command, "--root", str(runtime_under_test.root), "run"]
    ours = OwnTerminal([*command, "--bundle", str(bundle.path), container_id])
    read_terminal(ours.master, "started")
    os.close(ours.master)
    (bundle.rootfs / "go").write_text("on\n")
    assert ours.process.wait(20) == 5
    os.close(ours.theirs)
    assert not list(runtime_under_test.containers())


class Polls:
    """select.poll, with notes: for each call whether the master was asked for, the time limit, and what came of it."""

    def __init__(self, master: int, child: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.child = child
        self.calls: list[tuple[bool, float | None, int]] = []

    def poll(self) -> SimpleNamespace:
        real, registered = select.poll(), set[int]()

        def register(descriptor: int, mask: int) -> None:
            registered.add(descriptor)
            real.register(descriptor, mask)

        def poll(limit: float | None = None) -> list[tuple[int, int]]:
            ready = real.poll(limit)
            self.calls.append((self.master in registered, limit, dict(ready).get(self.master, 0)))
            if len(self.calls) == POLLS:
                assert self.child.stdin is not None
                self.child.stdin.close()  # which it waits for
            return ready

        return SimpleNamespace(register=register, poll=poll)


def test_a_terminal_that_the_container_has_closed_is_not_asked_all_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master, theirs = os.openpty()
    os.close(theirs)
    os.set_blocking(master, False)
    foreground = under_test.ForegroundTerminal.__new__(under_test.ForegroundTerminal)
    foreground._master = master
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
        polls = Polls(master, child)
        names = {
            "poll": polls.poll,
            "POLLIN": select.POLLIN,
            "POLLOUT": select.POLLOUT,
            "POLLHUP": select.POLLHUP,
        }
        monkeypatch.setattr(under_test, "select", SimpleNamespace(**names))
        foreground.relay(child.pid, ())
    os.close(master)
    for (_, _, came), (asked, limit, _) in zip(polls.calls, polls.calls[1:], strict=False):
        if came == select.POLLHUP:
            assert (asked, limit) == (False, under_test.HUNG_UP_PAUSE)
    assert [call for call in polls.calls if call[2] == select.POLLHUP]
