"""A signal is noticed also if it came just before the main thread began to wait, so that it woke nobody."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from tiffin.image.attentive import wait_for_all, wait_for_failure
from tiffin.image.store.turns import Turns


class _Noticed(BaseException):
    """The handler has run."""


@pytest.fixture
def unheard() -> Iterator[threading.Event]:
    """Once it is set a signal comes that Python knows of, and that wakes the main thread from nothing."""

    def handle(*_: object) -> None:
        raise _Noticed

    def send() -> None:
        go.wait()
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    go, before = threading.Event(), signal.signal(signal.SIGUSR1, handle)
    thread = threading.Thread(target=send)
    thread.start()
    yield go
    go.set()
    thread.join()
    signal.signal(signal.SIGUSR1, before)


def look_in_turns() -> None:
    turns = Turns(1)
    while True:
        turns.look(lambda: None)


def wait_in_a_turn() -> None:
    turns = Turns(1)
    with turns.turn(1):
        turns.wait_for(1, lambda: None)


WAITS: dict[str, Callable[[], Any]] = {
    "all": lambda: wait_for_all([Future()]),
    "failure": lambda: wait_for_failure([Future()]),
    "look": look_in_turns,
    "turn": wait_in_a_turn,
}


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_signal_that_wakes_nobody_is_noticed(unheard: threading.Event, wait: Callable[[], Any]) -> None:
    def begin_and_wait() -> None:
        # by then it waits; if not, nothing is tested, and nothing fails
        threading.Timer(0.05, unheard.set).start()
        wait()

    with pytest.raises(_Noticed):
        begin_and_wait()


def test_one_failure_ends_the_wait_and_all_that_end_well_do() -> None:
    well, failed, other = Future[None](), Future[None](), Future[None]()
    well.set_result(None)
    assert wait_for_failure([well]) == []
    error = ValueError()
    failed.set_exception(error)
    assert wait_for_failure([well, failed, other]) == [error]
    wait_for_all([well, failed])
