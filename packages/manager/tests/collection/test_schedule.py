"""When a collection is due, at any time that a test likes."""

from __future__ import annotations

import pytest

from tiffin.manager.collection.schedule import LEAST, RETRY, Schedule
from tiffin.manager.config.duration import Duration
from tiffin.manager.config.settings import Scheduler

SHORTEST = LEAST / 0.02 - LEAST  # seconds between collections that take no time, at 2 %


def started(**settings: float) -> Schedule:
    """One whose first collection is over, at second 100; it took no time."""
    made = Schedule(Scheduler(**settings), 90.0)  # type: ignore[arg-type]
    made.began()
    made.ended(100.0, 0.0)
    return made


def test_the_first_comes_after_the_start() -> None:
    schedule = Schedule(Scheduler(startup_delay=Duration(2.0)), 100.0)
    assert schedule.due() == 102.0
    schedule.began()
    schedule.ended(103.0, 0.1)
    assert schedule.due() is None


def test_no_delay_no_first_one() -> None:
    schedule = Schedule(Scheduler(startup_delay=Duration(0.0)), 100.0)
    assert schedule.due() is None
    schedule.mutated(101.0, deletion=True)
    assert schedule.due() == 100.0


def test_a_deletion_waits_for_the_share_of_time() -> None:
    schedule = started()
    schedule.mutated(100.1, deletion=True)
    assert schedule.due() == pytest.approx(100 + SHORTEST)
    schedule.began()
    assert schedule.due() is None


@pytest.mark.parametrize(
    ("share", "seconds", "interval"), [(0.02, 0.1, 4.9), (0.5, 0.1, 0.1), (0.1, 1.0, 9.0)]
)
def test_collections_take_no_more_than_their_share(share: float, seconds: float, interval: float) -> None:
    schedule = Schedule(Scheduler(pause_threshold=share), 0.0)
    schedule.began()
    schedule.ended(100.0, seconds)
    schedule.mutated(100.0, deletion=True)
    assert schedule.due() == pytest.approx(100.0 + interval)


def test_a_slow_first_one_is_forgotten() -> None:
    schedule = Schedule(Scheduler(), 0.0)
    for _ in range(12):
        schedule.began()
        schedule.ended(100.0, 0.0 if schedule.due() is None and _ else 10.0)
    schedule.mutated(100.0, deletion=True)
    due = schedule.due()
    assert due is not None
    assert due < 101


def test_changes_count_once_there_are_enough() -> None:
    schedule = started(mutation_threshold=3)
    for _ in range(2):
        schedule.mutated(200.0, deletion=False)
    assert schedule.due() is None
    schedule.mutated(200.0, deletion=False)
    assert schedule.due() == pytest.approx(100 + SHORTEST)


def test_changes_alone_never_count_with_a_threshold_of_zero() -> None:
    schedule = started(mutation_threshold=0)
    for _ in range(1000):
        schedule.mutated(200.0, deletion=False)
    assert schedule.due() is None


def test_enough_deletions_do_not_wait_for_the_share() -> None:
    schedule = started(deletion_threshold=2, schedule_delay=0.05)
    schedule.mutated(100.01, deletion=True)
    assert schedule.due() == pytest.approx(100 + SHORTEST)
    schedule.mutated(100.02, deletion=True)
    assert schedule.due() == pytest.approx(100.07)
    schedule.mutated(100.06, deletion=True)
    assert schedule.due() == pytest.approx(100.07)


def test_who_asks_gets_it_after_the_delay() -> None:
    schedule = started(schedule_delay=0.01)
    schedule.trigger(100.001)
    assert schedule.due() == pytest.approx(100.011)


def test_one_that_failed_is_tried_again_later() -> None:
    schedule = started()
    schedule.trigger(150.0)
    schedule.began()
    schedule.failed(150.0)
    assert schedule.due() == pytest.approx(150 + SHORTEST + RETRY)


def test_what_changes_while_one_runs_counts_for_the_next() -> None:
    schedule = started()
    schedule.mutated(200.0, deletion=True)
    schedule.began()
    schedule.mutated(200.1, deletion=True)
    schedule.ended(200.2, 0.0)
    assert schedule.due() == pytest.approx(200.2 + SHORTEST)
