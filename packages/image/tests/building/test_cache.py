"""The cache, times and parallel stages: what makes a step run again, what does not, and equal bytes for equal input."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from packages.image.tests.building.conftest import Building

from tiffin.image.building.build import build
from tiffin.image.building.events import EventKind
from tiffin.image.building.execute import steps
from tiffin.image.building.options import BuildOptions
from tiffin.image.building.pruning import prune_builds
from tiffin.image.errors import NotFound
from tiffin.image.store.store import Store
from tiffin.image.store.unpacked import chain_ids, find_unpacked

pytestmark = [pytest.mark.requires("root"), pytest.mark.requires("overlayfs")]

EPOCH = 1_600_000_000
TEXT = """
FROM base AS one
ARG V=1
ENV E=x
COPY a.txt /a
RUN echo $V $RANDOM$(cat /proc/sys/kernel/random/uuid) >/unique
FROM base
COPY --from=one /a /b
RUN cat /b >/c
CMD x
"""
# what is changed, the build arguments, and which of the four steps are still cached
CHANGES = [
    ("", {}, [True, True, True, True]),
    ("CMD x|CMD y", {}, [True, True, True, True]),
    ("ENV E=x|ENV E=y", {}, [True, False, True, True]),
    ("ARG V=1|ARG V=2", {}, [True, False, True, True]),
    ("ARG V=1|ARG V=1\nARG W=3", {}, [True, False, True, True]),
    ("", {"V": "2"}, [True, False, True, True]),
    ("", {"V": "1", "http_proxy": "p"}, [True, True, True, True]),
    ("=one /a|=one --chown=1:1 /a", {}, [True, True, False, False]),
    ("cat /b >/c|cat /b >/d", {}, [True, True, True, False]),
    ("FROM base AS one|FROM base AS one\nLABEL x=y", {}, [True, True, True, True]),
    ("FROM base\nCOPY|FROM base\nUSER 5\nCOPY", {}, [True, True, True, False]),
]


@pytest.mark.parametrize(
    ("change", "args", "expected"), CHANGES, ids=[f"{row[0]}{row[1]}" for row in CHANGES]
)
def test_what_runs_again(building: Building, change: str, args: dict[str, str], expected: list[bool]) -> None:
    building.write(a_txt="a")
    first = building.build(TEXT)
    old, _, new = change.partition("|")
    text = TEXT.replace(old, new, 1) if old else TEXT
    if "USER" in change:  # what the user may not write to is not what is tested
        building.build(TEXT.replace("RUN cat /b >/c", "RUN cat /b"))
        text = text.replace("RUN cat /b >/c", "RUN cat /b")
    second = building.build(text, build_args=args)
    kinds = {
        event.title: event.kind
        for event in building.events
        if event.kind in (EventKind.CACHED, EventKind.DONE)
    }
    steps = [
        kinds[title] is EventKind.CACHED for title in sorted(kinds) if not title.startswith("[internal]")
    ]
    assert steps == expected
    if all(expected) and not change:
        assert second.manifest == first.manifest


def test_what_parents_keeps_counts(building: Building) -> None:
    """The same file, below other folders, or below folders that are otherwise."""
    building.write(d__e__f="x")
    text = "FROM base\nCOPY --parents {} /x/"
    assert "x/d/e/f" in building.added(building.build(text.format("d/e/f")))
    assert "x/e/f" in building.added(building.build(text.format("d/./e/f")))
    (building.context / "d/e").chmod(0o700)
    assert building.added(building.build(text.format("d/e/f")))["x/d/e"][0] == "0o40700"
    building.build(text.format("d/e/f"))
    assert building.cached == [True]


def test_a_directory_counts_as_far_as_it_is_copied(building: Building) -> None:
    building.write(d__f="x")
    building.build("FROM base\nCOPY . /x")
    building.context.chmod(0o711)
    building.build("FROM base\nCOPY . /x")
    assert building.cached == [True]
    (building.context / "d").chmod(0o711)
    building.build("FROM base\nCOPY . /x")
    assert building.cached == [False]


@pytest.mark.parametrize("line", ["COPY d /x", "RUN --mount=target=/d,source=d cp /d/f /x"])
def test_what_is_changed_while_it_is_read_is_not_used_again(
    building: Building, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """After its digest was taken, and before it is copied."""
    building.write(d__f="before")
    original = steps.carry_out

    def carry_out(*arguments: Any) -> None:
        building.write(d__f="after!")
        original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(steps, "carry_out", carry_out)
        text = f"FROM base\n{line}\nRUN true"
        building.build(text)
    assert [event.text for event in building.events if event.kind is EventKind.WARNING] == [
        "files were changed while they were read: what came of it is not used again"
    ]
    building.write(d__f="before")
    content = {facts[4] for facts in building.added(building.build(text)).values()}
    assert b"before" in content
    assert b"after!" not in content
    assert building.cached == [False, False]
    building.build(text)
    assert building.cached == [True, True]


def test_what_was_written_just_before_counts_as_it_is(
    building: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's clock for files goes in steps of some milliseconds: it may be behind when a build begins."""
    clock = time.clock_gettime_ns
    read: list[int] = []

    def late_at_first(number: int) -> int:
        read.append(clock(number))
        return read[0] - 10**12 if len(read) == 1 else read[-1]

    building.write(a_txt="a")
    with monkeypatch.context() as patched:
        patched.setattr(time, "clock_gettime_ns", late_at_first)
        building.build("FROM base\nCOPY a.txt /")
    assert [event.text for event in building.events if event.kind is EventKind.WARNING] == []
    assert len(read) > 1
    building.build("FROM base\nCOPY a.txt /")
    assert building.cached == [True]


def test_lines_of_hosts_count(building: Building) -> None:
    text = "FROM base\nRUN cat /etc/hosts"
    for address in ("1.2.3.4", "1.2.3.4", "5.6.7.8"):
        building.build(text, hosts=(f"{address} there",))
    assert building.cached == [False]
    assert "5.6.7.8 there" in building.output
    building.build(text)
    assert building.cached == [False]


def test_without_the_cache_everything_runs_and_is_there_for_the_next(building: Building) -> None:
    building.write(a_txt="a")
    building.build(TEXT)
    building.build(TEXT, use_cache=False)
    assert building.cached == [False] * 4
    building.build(TEXT)
    assert building.cached == [True] * 4


def test_a_result_whose_layer_is_gone_is_made_again(building: Building) -> None:
    building.write(a_txt="a")
    building.build(TEXT)
    building.store.leases.delete("build-cache")
    for name in building.store.images.list():
        building.store.images.delete(name.name)
    building.store.collect()
    assert list(building.store.content.walk()) == []
    building.build(TEXT)
    assert building.cached == [False] * 4


def test_results_outlive_a_collection_until_they_are_pruned(building: Building) -> None:
    building.write(a_txt="a")
    built = building.build(TEXT)
    building.store.collect()
    building.build(TEXT)
    assert building.cached == [True] * 4
    assert prune_builds(building.store).results == 4
    building.store.collect()
    assert len(list(building.store.snapshots.walk())) == len(built.tree["rootfs"]["diff_ids"])
    building.build(TEXT)
    assert building.cached == [False] * 4


def test_a_cache_that_is_lost_costs_only_time(building: Building) -> None:
    building.write(a_txt="a")
    building.build(TEXT)
    shutil.rmtree(os.path.join(building.store.root, "build"))
    building.build(TEXT)
    assert building.cached == [False] * 4


FIXED = """
FROM base
WORKDIR /w
COPY . .
COPY <<E /heredoc
x
E
RUN mkdir -p /d/e && echo y >/d/e/f && ln /d/e/f /hard && rm /etc/group && mknod /p p
LABEL a=b
"""


def test_two_builds_with_a_fixed_time_are_the_same_bytes(
    building: Building, tmp_path: Path, base: Path
) -> None:
    other = Building(tmp_path / "other", base)
    found = []
    for one in (building, other):
        one.write(a_txt="a", d__b_txt="b")
        os.utime(one.context / "a.txt", (1_000_000_000, 1_000_000_000))
        built = one.build(FIXED, build_args={"SOURCE_DATE_EPOCH": str(EPOCH)})
        found.append(built.manifest.digest)
        assert built.tree["created"] == "2020-09-13T12:26:40Z"
        assert {entry.get("created") for entry in built.tree["history"]} == {"2020-09-13T12:26:40Z"}
        tree = one.tree(built)
        assert tree["w/a.txt"][3] == 1_000_000_000 * 10**9
        assert all(int(str(facts[3])) <= EPOCH * 10**9 for path, facts in tree.items() if path != ".")
    assert found[0] == found[1]
    assert building.build(FIXED, source_date_epoch=EPOCH).manifest.digest == found[0]
    other.store.database.close()


def test_the_snapshot_is_what_the_layer_says(building: Building) -> None:
    built = building.build("FROM base\nRUN mkdir /d && touch /d/f", source_date_epoch=EPOCH)
    (name,) = building.store.images.list()
    snapshot = next(value for key, value in name.labels.items() if "snapshot" in key)
    top = Path(building.store.snapshots.trees(snapshot)[0])
    tree = building.tree(built)
    for path in ("d", "d/f"):
        assert (top / path).stat().st_mtime_ns == tree[path][3] == EPOCH * 10**9


def test_independent_stages_run_at_once(building: Building) -> None:
    """Each waits for the other one, by a folder that both see."""
    wait = "while ! test -e /c/{}; do usleep 1000; done"
    text = f"""
FROM base AS one
RUN --mount=type=cache,target=/c,id=meet touch /c/one && {wait.format("two")} && touch /one
FROM base AS two
RUN --mount=type=cache,target=/c,id=meet touch /c/two && {wait.format("one")} && touch /two
FROM base
COPY --from=one /one /
COPY --from=two /two /
"""
    assert set(building.added(building.build(text))) == {"one", "two"}


def test_a_locked_cache_folder_is_had_by_one_at_a_time(building: Building) -> None:
    command = "mkdir /c/in && usleep 100000 && rmdir /c/in"
    mount = "--mount=type=cache,target=/c,id=l,sharing=locked"
    stages = "".join(f"FROM base AS s{n}\nRUN {mount} {command} && touch /{n}\n" for n in range(3))
    text = f"{stages}FROM base\n" + "".join(f"COPY --from=s{n} /{n} /\n" for n in range(3))
    assert set(building.added(building.build(text))) == {"0", "1", "2"}


def test_private_cache_folders_are_apart(building: Building) -> None:
    wait = "while ! test -e /m/{}; do usleep 1000; done"
    mounts = "--mount=type=cache,target=/c,id=p,sharing=private --mount=type=cache,target=/m,id=meet2"
    text = f"""
FROM base AS one
RUN {mounts} touch /m/one /c/mine && {wait.format("two")} && ls /c >/one
FROM base AS two
RUN {mounts} touch /m/two /c/mine2 && {wait.format("one")} && ls /c >/two
FROM base
COPY --from=one /one /
COPY --from=two /two /
"""
    tree = building.added(building.build(text))
    assert (tree["one"][4], tree["two"][4]) == (b"mine\n", b"mine2\n")


def test_the_target_and_what_it_needs(building: Building) -> None:
    building.write(a_txt="a")
    building.build(TEXT, target="one")
    assert len(building.cached) == 2


def test_names_and_bases_of_the_store(building: Building) -> None:
    building.build("FROM base\nRUN echo x >/x\nONBUILD RUN echo y >/y", names=("team/app:1", "other"))
    names = [name.name for name in building.store.images.list()]
    assert names == ["docker.io/library/other:latest", "docker.io/team/app:1"]
    built = building.build("FROM team/app:1\nCOPY --from=other /x /z", pull="never")
    assert {"x", "y", "z"} == set(building.added(built))
    with pytest.raises(NotFound, match="nothing is pulled"):
        building.build("FROM team/app:2", pull="never")


LINKED = (
    "FROM base\nRUN echo {0} >/first\nCOPY --link --chown=5:6 a.txt /x/y/\nRUN cat /x/y/a.txt /first >/z\n"
)


def test_a_linked_copy_fits_on_top_of_anything(building: Building) -> None:
    building.write(a_txt="a")
    first = building.build(LINKED.format("one"))
    second = building.build(LINKED.format("two"))
    assert building.cached == [False, True, False]
    assert first.tree["rootfs"]["diff_ids"][2] == second.tree["rootfs"]["diff_ids"][2]
    tree = building.added(second)
    assert set(tree) == {"first", "x", "x/y", "x/y/a.txt", "z"}
    assert tree["x/y/a.txt"][1:3] == tree["x"][1:3] == (5, 6)
    assert tree["z"][4] == b"atwo\n"
    building.build(LINKED.format("two"))
    assert building.cached == [True] * 3


def test_stores_of_whole_copies_come_to_the_same(building: Building, tmp_path: Path, base: Path) -> None:
    copies = Building(tmp_path / "copies", base)
    copies.store = Store(str(tmp_path / "copies/store"), snapshotter="native")
    for one in (building, copies):
        one.write(a_txt="a")
    text = LINKED.format("one") + "RUN rm /etc/group && mv /x /w && true\nRUN true\nWORKDIR /w/v"
    built = [one.build(text, source_date_epoch=EPOCH) for one in (building, copies)]
    assert copies.tree(built[1]).keys() == building.tree(built[0]).keys()
    assert copies.added(built[1]) == building.added(built[0])
    copies.build(text, source_date_epoch=EPOCH)
    assert copies.cached == [True] * 6
    copies.store.database.close()


def test_cache_folders_are_emptied(building: Building) -> None:
    text = "FROM base\nRUN --mount=type=cache,target=/c {} && ls /c"
    building.build(text.format("touch /c/f"))
    assert tuple(prune_builds(building.store))[:2] == (1, 1)
    assert tuple(prune_builds(building.store)) == (0, 0, 0)
    building.build(text.format("true"))
    assert building.output == []


def test_a_snapshot_that_is_damaged_is_healed(building: Building) -> None:
    """It has the chain id of what is built again; nobody waits for it to go away."""
    text = "FROM base\nRUN echo x >/x\nRUN echo y >/y"
    diff_ids = building.build(text, source_date_epoch=EPOCH).tree["rootfs"]["diff_ids"]
    shutil.rmtree(building.store.snapshots.trees(chain_ids(diff_ids)[1])[0])
    assert find_unpacked(building.store, diff_ids) is None
    building.build(text, source_date_epoch=EPOCH, use_cache=False)
    assert find_unpacked(building.store, diff_ids) is not None
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}


def test_builds_in_two_processes_at_once(building: Building) -> None:
    """Of threads, with a store each: what they share is on the disk, as with processes."""
    building.write(a_txt="a", **{f"d__{number}": str(number) for number in range(50)})
    lines = "".join(f"RUN echo {number} >/f{number}\n" for number in range(4))
    text = f"FROM base\nCOPY . /context\n{lines}"
    options = BuildOptions(
        str(building.context), text=text, contexts={"base": f"oci:{building.base}"}, source_date_epoch=EPOCH
    )

    def one(_number: int) -> str:
        store = Store(building.store.root)
        try:
            return build(options, store).manifest.digest
        finally:
            store.database.close()

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, range(3)))) == 1
    assert {snapshot.kind.value for snapshot in building.store.snapshots.walk()} == {"committed"}
    assert building.store.content.statuses() == []
