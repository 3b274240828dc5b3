"""Mounts of the mount service go with what keeps them, as those of containerd 2.3 do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.image.store.store import Store
from tiffin.manager.collection.garbage import collect_garbage
from tiffin.manager.metadata.stores import Stores
from tiffin.manager.mounts.manager import Mounts
from tiffin.shim.events.values import Mount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.requires("root", "cap_sys_admin")

CONTAINER = "INSERT INTO containers VALUES ('default', ?, '', 'r', '', '', '', '{}', x'')"
BACK = "containerd.io/gc.bref."


class Scene:
    """A store, and mounts that need help."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(str(folder / "store"), snapshotter="native")
        self.stores = Stores(self.store)
        self.mounts = Mounts(str(folder / "mounts"), [])
        self._source = folder / "source"
        self._source.mkdir()

    def mount(self, name: str, labels: Mapping[str, str] | None = None, lease: str = "") -> None:
        bind = Mount("bind", str(self._source), "", ("rbind",))
        self.mounts.activate("default", name, [bind], labels=labels, temporary=True, lease=lease)

    def execute(self, query: str, *values: str) -> None:
        with self.store.database.writing() as connection:
            connection.execute(query, values)

    def left(self) -> list[str]:
        """The names of mounts after a collection."""
        collect_garbage(self.stores, mounts=[self.mounts])
        return sorted(each.name for each in self.mounts.list("default"))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    for each in list(made.mounts.list("default")):
        made.mounts.deactivate("default", each.name)
    assert str(tmp_path / "mounts") not in Path("/proc/self/mountinfo").read_text()


def test_one_that_nothing_keeps_is_unmounted(scene: Scene) -> None:
    scene.mount("one")
    assert scene.left() == []


def test_a_lease_keeps_it_for_as_long_as_it_is_there(scene: Scene) -> None:
    scene.store.leases.create("held")
    scene.store.leases.create("ends", seconds=-1)
    scene.mount("one", lease="held")
    scene.mount("two", lease="ends")
    scene.mount("three", lease="never was")
    assert scene.left() == ["one"]
    scene.store.leases.delete("held")
    assert scene.left() == []


def test_what_its_labels_name_keeps_it(scene: Scene) -> None:
    scene.execute(CONTAINER, "c1")
    scene.store.leases.create("held")
    snapshots = scene.store.within(scene.store.scope.replace(lease="held")).snapshots
    snapshots.prepare("rw")
    scene.mount("container", {f"{BACK}container": "c1"})
    scene.mount("named", {f"{BACK}container.x": "c1", f"{BACK}image": "none"})
    scene.mount("snapshot", {f"{BACK}snapshot.native": "rw"})
    scene.mount("others", {f"{BACK}snapshot.overlayfs": "rw", f"{BACK}container": "c2", f"{BACK}image": "c1"})
    assert scene.left() == ["container", "named", "snapshot"]
    scene.execute("DELETE FROM containers WHERE id = ?", "c1")
    scene.store.leases.delete("held")
    assert scene.left() == []


def test_what_names_it_keeps_it(scene: Scene) -> None:
    name = "containerd.io/gc.ref.mount"
    labels = json.dumps({name: "one", f"{name}/x": "two", f"{name}s": "no"})
    scene.execute("INSERT INTO sandboxes VALUES ('default', 'pod', ?, x'')", labels)
    scene.execute("INSERT INTO sandboxes VALUES ('other', 'pod', ?, x'')", labels.replace("one", "three"))
    for name in ("one", "two", "three", "no"):
        scene.mount(name)
    assert scene.left() == ["one", "two"]


def test_one_that_is_changed_meanwhile_stays(scene: Scene) -> None:
    scene.mount("one")
    (seen,) = scene.mounts.list("default")
    scene.mounts.update("default", "one", {"a": "b"})
    scene.mounts.deactivate("default", "one", seen=seen)
    assert [each.name for each in scene.mounts.list("default")] == ["one"]
