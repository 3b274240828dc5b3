"""Files of snapshots whose data has changed, and nothing else, are found by comparing them with their layers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import (
    LAYERS,
    NAME,
    OTHER,
    OTHER_LAYERS,
    left,
    mounted,
    pull_image,
    write_image,
)
from packages.image.tests.verification.conftest import comparable
from packages.image.tests.verification.test_healing import blob, chain, cut, first_file, flip

from tiffin.image.metadata.namespaces import Scope
from tiffin.image.snapshots.comparing import first_difference
from tiffin.image.store.store import Store
from tiffin.image.transfer.events import Progress
from tiffin.image.verification.finding import Kind
from tiffin.image.verification.verify import verify
from tiffin_testing.images import digest, gzipped

pytestmark = pytest.mark.requires("root", "overlayfs")

Facts = Callable[[Path], dict[str, tuple[object, ...]]]


def tree_of(store: Store, key: str) -> Path:
    """What a snapshot itself has written."""
    return Path(store.snapshots.chain(key)[0].folder)


def all_findings(store: Store) -> list[tuple[Kind, str, str]]:
    return [(one.kind, one.what, one.name) for one in verify(store, contents=True)]


@pytest.mark.parametrize("position", range(4))
def test_a_flipped_byte_is_found_and_healed(
    pulled: Store, source: str, position: int, memory_path: Path, facts: Facts,
    expected: dict[str, tuple[object, ...]],
) -> None:  # fmt: skip
    key = chain(pulled)[position]
    harmed = first_file(tree_of(pulled, key))
    flip(harmed)
    assert verify(pulled) == ()  # who looks at names, sizes and times alone sees nothing
    (finding,) = verify(pulled, contents=True)
    assert (finding.kind, finding.what, finding.name) == (Kind.SNAPSHOT_CHANGED, key, NAME)
    links = [path for path in tree_of(pulled, key).rglob("*") if path.lstat().st_ino == harmed.stat().st_ino]
    assert any(f"{str(path.relative_to(tree_of(pulled, key)))!r} is not as" in finding.text for path in links)
    assert left(pulled) == []
    image = pull_image(source, pulled)
    assert verify(pulled, contents=True) == ()
    with mounted(pulled, image.unpacked, memory_path / "mounted") as root:
        assert comparable(facts(root)) == expected


def test_each_snapshot_is_compared_once(pulled: Store, source: str, memory_path: Path) -> None:
    other = write_image(memory_path / "other", OTHER_LAYERS)
    pull_image(other, pulled, OTHER)
    pull_image(source, pulled, "example.test/again:1")
    seen: list[Progress] = []
    assert verify(pulled, contents=True, report=seen.append) == ()
    compared = [event.digest for event in seen if event.kind == "contents"]
    assert sorted(compared) == sorted(info.key for info in pulled.snapshots.walk())
    assert left(pulled) == []


def test_shared_and_several_damages_are_told_once(pulled: Store, memory_path: Path) -> None:
    pull_image(write_image(memory_path / "other", OTHER_LAYERS), pulled, OTHER)
    keys = chain(pulled)
    for key in keys:
        flip(first_file(tree_of(pulled, key)))
    assert sorted(all_findings(pulled)) == sorted((Kind.SNAPSHOT_CHANGED, key, NAME) for key in keys)


def test_what_a_layer_takes_from_a_damaged_one_below_is_no_damage(pulled: Store) -> None:
    """`a/five` of the third layer is a link to `big` of the second one."""
    below = chain(pulled)[2]
    flip(tree_of(pulled, below) / "big")
    assert [what for _, what, _ in all_findings(pulled)] == [below]


def test_a_damaged_layer_is_told_as_such_and_those_below_it_are_compared(pulled: Store) -> None:
    top, *_, bottom = chain(pulled)
    layer = digest(gzipped(LAYERS[-1]))
    blob(pulled, layer).chmod(0o644)
    cut(blob(pulled, layer))
    for key in (top, bottom):
        flip(first_file(tree_of(pulled, key)))
    assert all_findings(pulled) == [(Kind.BLOB_RESIZED, layer, NAME), (Kind.SNAPSHOT_CHANGED, bottom, NAME)]
    assert left(pulled) == []


def test_other_namespaces_are_compared_too(pulled: Store, source: str) -> None:
    other = pulled.within(Scope("other"))
    pull_image(source, other)
    key = chain(other)[0]
    flip(first_file(tree_of(other, key)))
    assert [finding.what for finding in verify(pulled, contents=True)] == [key]
    pull_image(source, other)
    assert verify(pulled, contents=True) == ()


def test_a_snapshot_that_is_removed_meanwhile_is_no_damage(pulled: Store) -> None:
    def remove(event: Progress) -> None:
        if event.kind == "contents":
            pulled.images.delete(NAME)
            pulled.collect()

    assert verify(pulled, contents=True, report=remove) == ()


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ({"a": "x", "d/b": "y"}, {"a": "x", "d/b": "y"}, None),
        ({"a": "x", "d/e/b": "y"}, {"a": "x", "d/e/b": "z"}, "d/e/b"),
        ({"a": "x"}, {"a": "xx"}, "a"),
        ({"a": "x" * (1 << 20)}, {"a": "x" * (1 << 20) + "y"}, "a"),
        ({"a": "x"}, {"b": "y"}, None),
        ({"a/b": "x"}, {"a": "y"}, None),
    ],
)
def test_first_difference(
    tmp_path: Path, one: dict[str, str], other: dict[str, str], found: str | None
) -> None:
    for name, files in (("one", one), ("other", other)):
        for path, text in files.items():
            (tmp_path / name / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / path).write_text(text)
    assert first_difference(str(tmp_path / "one"), str(tmp_path / "other")) == found


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / "pipe")
        (tmp_path / name / "link").symlink_to(f"/nowhere/{name}")
    assert first_difference(str(tmp_path / "one"), str(tmp_path / "other")) is None


def test_trees_may_be_deeper_than_a_path(tmp_path: Path) -> None:
    for name in ("one", "other"):
        descriptor = os.open(tmp_path, os.O_RDONLY)
        for part in (name, *["d" * 200] * 40):
            os.mkdir(part, dir_fd=descriptor)
            inner = os.open(part, os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        with open(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor), "w") as file:
            file.write(name)
        os.close(descriptor)
    found = first_difference(str(tmp_path / "one"), str(tmp_path / "other"))
    assert found == "/".join(["d" * 200] * 40 + ["file"])
