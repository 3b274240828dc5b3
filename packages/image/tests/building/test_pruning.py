"""Pruning the build cache: by age, by size, beside builds; what is forgotten is collected, and what is used is not."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.cache.local import LEASE, Entry, LocalCache
from tiffin.image.building.cache.running import running
from tiffin.image.building.events import BuildEvent, EventKind, nobody
from tiffin.image.building.execute import cache_folders
from tiffin.image.building.pruning import Limits, prune_builds
from tiffin.image.errors import DataLoss, NotFound

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

TEXT = "FROM base\nRUN head -c 100000 /bin/busybox >/f && echo {0} >>/f"
DAY = 86400
HALF = Limits(unused_for=DAY / 2)


def let_pass(building: Building, seconds: float) -> None:
    """Everything in the cache was used so long ago."""
    shift = int(seconds * 10**9)
    with sqlite3.connect(Path(building.store.root) / "build/cache.db") as database:
        for table in ("steps", "inputs", "moments"):
            database.execute(f"UPDATE {table} SET used = used - ?", (shift,))
    database.close()
    for lock in (Path(building.store.root) / "build").glob("folders/*/lock"):
        status = lock.stat()
        os.utime(lock, ns=(status.st_atime_ns - shift, status.st_mtime_ns - shift))


def built(building: Building, *values: str) -> None:
    """Results of builds, each a day older than the next; no image has them."""
    for number, value in enumerate(values):
        if number:
            let_pass(building, DAY)
        building.build(TEXT.format(value))
        (name,) = building.store.images.list()
        building.store.images.delete(name.name)


def cached(building: Building, *values: str) -> list[bool]:
    found = []
    for value in values:
        building.build(TEXT.format(value))
        found += building.cached
    return found


def test_what_was_not_used_for_long_goes(building: Building) -> None:
    built(building, "one", "two", "three")
    assert tuple(prune_builds(building.store, Limits(unused_for=1.5 * DAY))) == (1, 0, 0)
    building.store.collect()
    assert len(building.store.leases.resources(LEASE)) == 4
    assert cached(building, "one", "two", "three") == [False, True, True]


def test_what_is_used_again_stays(building: Building) -> None:
    built(building, "one", "two", "one")
    assert prune_builds(building.store, HALF).results == 1
    assert cached(building, "one", "two") == [True, False]


def test_what_there_is_no_room_for_goes_oldest_first(building: Building) -> None:
    built(building, "one", "two", "three")
    everything = usage(building)
    assert prune_builds(building.store, Limits(most_bytes=everything)).results == 0
    assert prune_builds(building.store, Limits(most_bytes=everything - 1)).results == 1
    building.store.collect()
    assert prune_builds(building.store, Limits(most_bytes=usage(building))).results == 0
    assert cached(building, "one", "two", "three") == [False, True, True]


def usage(building: Building) -> int:
    """What the lease of the cache keeps, in bytes."""
    store = building.store
    found = 0
    for resource in store.leases.resources(LEASE):
        content = resource.kind == "content"
        found += store.content.info(resource.id).size if content else store.snapshots.usage(resource.id).size
    return found


def test_cache_folders_count_too(building: Building) -> None:
    text = "FROM base\nRUN --mount=type=cache,target=/c,id={0} head -c 500000 /bin/busybox >/c/{0} && ls /c"
    building.build(text.format("old"))
    let_pass(building, DAY)
    building.build(text.format("new"))
    pruned = prune_builds(building.store, Limits(most_bytes=800_000))
    assert pruned.folders == 1
    assert 500_000 <= pruned.freed < 600_000
    building.build(
        "FROM base\nRUN --mount=type=cache,target=/o,id=old --mount=type=cache,target=/n,id=new ls /o /n"
    )
    assert [line for line in building.output if line in ("old", "new")] == ["new"]
    assert prune_builds(building.store, HALF).folders == 0
    let_pass(building, DAY)
    assert prune_builds(building.store, HALF).folders == 2


def test_a_folder_that_a_command_has_stays(building: Building) -> None:
    pruned = []

    def report(event: BuildEvent) -> None:
        if event.kind is EventKind.OUTPUT and event.text == "now":
            pruned.append(prune_builds(building.store))

    building.events_to = report
    building.build("FROM base\nRUN --mount=type=cache,target=/c touch /c/f && echo now && ls /c")
    assert pruned[0].folders == 0
    assert building.output == ["now", "f"]


def test_a_folder_that_a_command_is_changing_is_passed_by(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    building.build("FROM base\nRUN --mount=type=cache,target=/c touch /c/f")

    def gone(path: str) -> NoReturn:
        raise FileNotFoundError(path)

    with monkeypatch.context() as patched:
        patched.setattr(cache_folders, "measured", gone)
        assert tuple(prune_builds(building.store)) == (1, 0, 0)
    assert prune_builds(building.store).folders == 1


def test_what_a_build_has_taken_stays_until_its_end(building: Building) -> None:
    """All of the cache is pruned, and collected, after the first step was taken from it."""
    building.build("FROM base\nRUN echo one >/one")
    (name,) = building.store.images.list()
    building.store.images.delete(name.name)

    def report(event: BuildEvent) -> None:
        if event.kind is EventKind.CACHED:
            prune_builds(building.store)
            building.store.collect()

    building.events_to = report
    made = building.build("FROM base\nRUN echo one >/one\nRUN cat /one >/two")
    assert building.cached == [True, False]
    assert building.added(made)["two"][4] == b"one\n"


def test_what_a_build_has_taken_stays_also_if_it_is_replaced(building: Building) -> None:
    """By a build that carries the same step out, and comes to another layer; then all that has no result is pruned."""
    text = "FROM base\nRUN cat /proc/sys/kernel/random/uuid >/x\n"
    building.build(text)
    (name,) = building.store.images.list()
    building.store.images.delete(name.name)

    def report(event: BuildEvent) -> None:
        if event.kind is EventKind.CACHED:
            building.events_to = nobody
            built = Building.build(building, text, use_cache=False)
            building.store.images.delete(built.names[0])
            prune_builds(building.store)
            building.store.collect()
            building.events.clear()

    building.events_to = report
    building.added(building.build(f"{text}RUN cat /x"))
    assert len(building.output) == 1
    prune_builds(building.store)
    with pytest.raises(NotFound):
        building.store.leases.resources(LEASE)


def test_what_a_build_takes_that_has_just_begun_stays(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    building.build("FROM base\nRUN echo one >/one")
    cache, original = LocalCache(building.store), LocalCache.entries
    (entry,) = cache.entries()
    with ExitStack() as stack, monkeypatch.context() as patched:
        stack.callback(cache.close)

        def entries(pruned: LocalCache) -> list[Entry]:
            stack.enter_context(running(building.store.root))
            assert cache.find(entry.key) is not None
            return original(pruned)

        patched.setattr(LocalCache, "entries", entries)
        assert prune_builds(building.store).results == 0
    assert prune_builds(building.store).results == 1


def test_a_build_that_was_killed_holds_nothing_back(building: Building) -> None:
    building.build("FROM base\nRUN echo one >/one")
    left = Path(building.store.root) / "build/running/of-a-killed-build"
    left.touch()
    os.utime(left, (0, 0))
    assert prune_builds(building.store).results == 1
    assert not left.exists()


def test_notes_go_too(building: Building) -> None:
    building.build("FROM base AS one\nRUN echo x >/x\nFROM base\nCOPY --from=one /x /")
    assert notes(building) == {"inputs": 1, "moments": 1}
    prune_builds(building.store, HALF)
    assert notes(building) == {"inputs": 1, "moments": 1}
    let_pass(building, DAY)
    prune_builds(building.store, HALF)
    assert notes(building) == {"inputs": 0, "moments": 0}


def notes(building: Building) -> dict[str, int]:
    with sqlite3.connect(Path(building.store.root) / "build/cache.db") as database:
        found = {
            table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("inputs", "moments")
        }
    database.close()
    return found


def test_a_layer_that_was_replaced_is_kept_no_longer(building: Building) -> None:
    for _ in range(2):
        building.build("FROM base\nRUN cat /proc/sys/kernel/random/uuid >/x", use_cache=False)
    assert len(building.store.leases.resources(LEASE)) == 4
    prune_builds(building.store, HALF)
    assert len(building.store.leases.resources(LEASE)) == 2
    prune_builds(building.store)
    with pytest.raises(NotFound):
        building.store.leases.resources(LEASE)


def test_the_database_of_an_older_version_is_taken_over(building: Building) -> None:
    path = Path(building.store.root) / "build/cache.db"
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE inputs (key TEXT PRIMARY KEY, digest TEXT NOT NULL)")
        database.execute("CREATE TABLE moments (key TEXT PRIMARY KEY, created TEXT NOT NULL)")
    database.close()
    assert cached(building, "one", "one") == [False, True]


def test_a_damaged_database_says_what_to_do(building: Building) -> None:
    path = Path(building.store.root) / "build/cache.db"
    path.parent.mkdir()
    path.write_bytes(b"nothing of SQLite " * 100)
    with pytest.raises(DataLoss, match="remove it; builds only take longer then"):
        LocalCache(building.store)
