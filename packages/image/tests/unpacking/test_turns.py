"""Turns: so many at a time, the lowest first; who waits gives its turn up, and a stop ends all waiting."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tiffin.image.errors import Stopped
from tiffin.image.store.turns import Turns

SECONDS = 30.0


def test_the_lowest_number_that_asks_is_next() -> None:
    turns, order = Turns(1), list[int]()

    def work(number: int) -> None:
        with turns.turn(number):
            order.append(number)

    with ThreadPoolExecutor(5) as pool, ExitStack() as first:
        first.enter_context(turns.turn(9))
        for number in (3, 1, 4, 2, 5):
            pool.submit(work, number)
        while len(turns._asking) < 5:  # nobody tells of one more
            turns.look(lambda: None, 0.01)
        first.close()
    assert order == sorted(order)


def test_who_waits_in_a_turn_lets_another_one_work() -> None:
    turns, facts = Turns(1), list[str]()

    def wait() -> str:
        with turns.turn(1):
            waiting.set()
            return turns.wait_for(1, lambda: facts[0] if facts else None)

    def tell() -> None:
        assert waiting.wait(SECONDS)
        with turns.turn(2), turns.changing():
            facts.append("told")

    waiting = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waits, tells = pool.submit(wait), pool.submit(tell)
        tells.result(SECONDS)
        assert waits.result(SECONDS) == "told"


def test_what_is_so_already_is_not_waited_for() -> None:
    turns = Turns(1)
    with turns.turn(1):
        assert turns.wait_for(1, lambda: 7) == 7
    assert turns.look(lambda: 8) == 8
    assert turns.look(lambda: None, 0.001) is None


def test_a_stop_ends_who_waits_asks_and_looks() -> None:
    turns = Turns(1)
    begun = threading.Barrier(3)

    def wait() -> None:
        with turns.turn(1):
            begun.wait(SECONDS)
            turns.wait_for(1, lambda: None)

    def look() -> None:
        begun.wait(SECONDS)
        while True:
            turns.look(lambda: None)

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(wait), pool.submit(look)]
        begun.wait(SECONDS)
        turns.stop()
        for future in waiting:
            with pytest.raises(Stopped):
                future.result(SECONDS)
    with pytest.raises(Stopped), turns.turn(3):
        pass
    with pytest.raises(Stopped):
        turns.check()
