"""Connections to the database are shared by threads, and never by processes; writers wait for each other in turn."""

from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tiffin.image.building.cache.database import open_database
from tiffin.image.errors import Unavailable, Unsupported
from tiffin.image.metadata.connections import KEPT, Connections, Opened
from tiffin.image.metadata.database import Database
from tiffin.image.metadata.migrations import MIGRATIONS
from tiffin.image.metadata.opening import open_read_only


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(str(tmp_path / "metadata.db"))
    with made.writing() as connection:
        connection.execute("CREATE TABLE counts (number INTEGER)")
    return made


def count(database: Database) -> int:
    with database.reading() as connection:
        number: int = connection.execute("SELECT COUNT(*) FROM counts").fetchone()[0]
    return number


def add(database: Database, number: int = 1) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO counts VALUES (?)", (number,))


def opened(database: Database) -> int:
    """How many connections this process has: each has the log open (descriptors of the file itself are kept longer)."""
    return descriptors(f"{database.path}-wal")


def descriptors(path: str) -> int:
    """How many this process has of a file."""
    links = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
    return sum(os.path.realpath(link) == os.path.realpath(path) for link in links)


def test_threads_that_take_turns_share_one_connection(database: Database) -> None:
    for _ in range(20):
        thread = threading.Thread(target=add, args=(database,))
        thread.start()
        thread.join()
    assert count(database) == 20
    assert opened(database) == 1


def test_readers_at_once_have_one_each_and_few_are_kept(database: Database) -> None:
    with ExitStack() as stack:
        found = {id(stack.enter_context(database.reading())) for _ in range(KEPT + 3)}
        assert len(found) == opened(database) == KEPT + 3
    assert opened(database) == KEPT


def test_all_threads_write_and_nothing_is_lost(database: Database) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: add(database, number), range(400)))
    assert count(database) == 400
    assert opened(database) <= KEPT


def test_a_writer_that_waits_too_long_is_told(database: Database) -> None:
    impatient = Database(database.path, wait=0.05)
    with impatient.writing():
        with pytest.raises(Unavailable, match="another thread"), impatient.writing():
            pass
        with (
            pytest.raises(Unavailable, match="another process"),
            Database(database.path, wait=0.05).writing(),
        ):
            pass
    add(impatient)


def test_what_fails_is_undone_and_its_connection_is_as_good_as_any(database: Database) -> None:
    def fail() -> None:
        with database.writing() as connection:
            connection.execute("INSERT INTO counts VALUES (1)")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert count(database) == 0
    add(database)
    assert count(database) == opened(database) == 1


def test_one_that_is_given_back_in_a_transaction_is_not_kept(database: Database) -> None:
    connections = Connections(
        lambda: Opened(sqlite3.connect(database.path, isolation_level=None), once=False)
    )
    taken = connections.take()
    taken.connection.execute("BEGIN")
    connections.give_back(taken)
    assert connections.take() is not taken
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        taken.connection.execute("SELECT 1")
    connections.close()


def test_a_child_has_connections_of_its_own(database: Database) -> None:
    """Also when it is forked while this thread reads and another one writes."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.writing() as connection:
            connection.execute("INSERT INTO counts VALUES (0)")
            holding.set()
            done.wait(30)

    writer = threading.Thread(target=hold)
    writer.start()
    assert holding.wait(30)
    with database.reading():
        child = os.fork()
        if child == 0:
            try:
                done_well = count(database) == 0
                database.close()
            except BaseException:  # noqa: BLE001  # a child must not go on as a second session of tests
                done_well = False
            os._exit(0 if done_well else 1)
        assert os.waitpid(child, 0)[1] == 0
    done.set()
    writer.join()
    assert count(database) == 1


def test_closed_while_it_is_used(database: Database) -> None:
    with database.writing() as connection:
        connection.execute("INSERT INTO counts VALUES (1)")
        database.close()
    assert opened(database) == 0
    assert count(database) == 1


def test_a_database_that_cannot_be_read_is_closed_before_its_error_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "metadata.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    with pytest.raises(Unsupported, match="newer") as caught:
        open_read_only(path, sqlite3.OperationalError("full"), full=True)
    assert descriptors(path) == 0, caught  # whose frames hold what they have opened


def test_a_cache_of_builds_that_is_damaged_is_closed_before_its_error_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_database(str(path))
    assert descriptors(str(path)) == 0, caught
