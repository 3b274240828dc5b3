"""A snapshotter of another process behind tiffind, as `ctr` uses it; the other process is a containerd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import short_folder, tiffind

from tiffin.image.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unavailable
from tiffin.image.metadata.labels import changed
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo, Usage
from tiffin.image.store.store import Store
from tiffin.manager.plugins.proxies.creating import TARGET, Making
from tiffin.manager.plugins.proxies.proxied_snapshotter import ProxiedSnapshotter
from tiffin_testing.containerd import running_containerd
from tiffin_testing.images import busybox_image

peers = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "busybox")]


def test_it_is_listed_and_refuses_while_it_is_away() -> None:
    config = '[proxy_plugins.far]\ntype = "snapshot"\naddress = "/nonexistent/far.sock"\n'
    config += '[proxy_plugins.blobs]\ntype = "content"\naddress = "/nonexistent/blobs.sock"\nplatform = "linux/arm64"\n'
    with tiffind(config) as daemon:
        text = daemon.start().ctr("plugins", "ls")
        rows = {tuple(line.split()) for line in text.splitlines()}
        assert ("io.containerd.snapshotter.v1", "far", "linux/amd64", "ok") in rows
        assert ("io.containerd.content.v1", "blobs", "linux/arm64", "ok") in rows
        assert "/nonexistent/far.sock" in daemon.ctr("plugins", "ls", "--detailed", "id==far")
        done = daemon.try_ctr("snapshots", "--snapshotter", "far", "prepare", "a")
        assert "unavailable" in done.stderr
        daemon.ctr("snapshots", "--snapshotter", "native", "prepare", "a")
        assert daemon.ctr("snapshots", "--snapshotter", "far", "ls").count("\n") == 1


class Remote:
    """A remote snapshotter in this process: it has everything that is asked for by the name of `target`."""

    def __init__(self) -> None:
        self.found: dict[str, SnapshotInfo] = {}
        self.is_away = False

    def prepare(self, key: str, parent: str = "", *, labels: dict[str, str]) -> tuple[Mount, ...]:
        target = labels.get(TARGET, "")
        if target:
            self.found[target] = SnapshotInfo(target, parent, Kind.COMMITTED, 1, 1, labels)
            raise AlreadyExists(target)
        self.found[key] = SnapshotInfo(key, parent, Kind.ACTIVE, 1, 1, labels)
        return (Mount("bind", f"/far/{key}"),)

    view = prepare

    def matching(self, *filters: str) -> Iterator[SnapshotInfo]:
        wanted = filters[0].partition("==")[2]
        return iter([info for info in self.found.values() if info.labels.get(TARGET) == wanted])

    def mounts(self, key: str) -> tuple[Mount, ...]:
        return (Mount("bind", f"/far/{self.found[key].key}"),)

    def remove(self, key: str) -> None:
        if self.is_away:
            raise Unavailable("not now")
        if any(info.parent == key for info in self.found.values()):
            raise FailedPrecondition(key)
        if self.found.pop(key, None) is None:
            raise NotFound(key)

    def walk(self) -> Iterator[SnapshotInfo]:
        return iter(list(self.found.values()))

    def commit(self, name: str, key: str, *, labels: dict[str, str]) -> None:
        info = self.found.pop(key)
        self.found[name] = info.replace(key=name, kind=Kind.COMMITTED, labels=labels)

    def usage(self, key: str) -> Usage:
        if self.is_away:
            raise Unavailable("not now")
        return Usage(len(self.found[key].key), 1)

    def update(self, key: str, labels: dict[str, str]) -> SnapshotInfo:
        if self.is_away:
            raise Unavailable("not now")
        self.found[key] = self.found[key].replace(labels=changed(self.found[key].labels, labels))
        return self.found[key]

    def cleanup(self) -> None:
        """Nothing is left over."""


def snapshotter(
    remote: Remote, folder: Path, namespace: str = "default", lease: str = ""
) -> ProxiedSnapshotter:
    database = Store(str(folder)).database
    return ProxiedSnapshotter("far", remote, database, Scope(namespace, lease), Making())  # type: ignore[arg-type]


def test_what_the_other_process_has_is_learned(tmp_path: Path) -> None:
    remote = Remote()
    ours = snapshotter(remote, tmp_path)
    for key, target, parent in (("x", "sha256:one", ""), ("y", "sha256:two", "sha256:one")):
        with pytest.raises(AlreadyExists, match=f"target snapshot '{target}'"):
            ours.prepare(key, parent, labels={TARGET: target, "not": "passed on"})
    assert [(info.key, info.parent, info.kind) for info in ours.walk()] == [
        ("sha256:one", "", Kind.COMMITTED), ("sha256:two", "sha256:one", Kind.COMMITTED),
    ]  # fmt: skip
    assert "not" not in remote.found["sha256:one"].labels
    (mount,) = ours.prepare("container", "sha256:two")
    assert mount.source.startswith("/far/default/")
    assert remote.found[mount.source.removeprefix("/far/")].parent == "sha256:two"


def test_two_namespaces_share_what_is_learned(tmp_path: Path) -> None:
    remote = Remote()
    one, two = snapshotter(remote, tmp_path, "one"), snapshotter(remote, tmp_path, "two")
    for each in (one, two):
        with pytest.raises(AlreadyExists):
            each.prepare("x", labels={TARGET: "sha256:one"})
        each.prepare("same key")
    assert len(remote.found) == 3
    one.remove("sha256:one")
    assert "sha256:one" in remote.found
    two.remove("sha256:one")
    assert "sha256:one" not in remote.found


def test_what_is_removed_while_the_other_process_is_away_is_gone_and_cleaned_up_later(tmp_path: Path) -> None:
    """As in containerd, whose metadata store has the other process remove it at a later collection."""
    remote = Remote()
    ours = snapshotter(remote, tmp_path)
    ours.prepare("a")
    remote.is_away = True
    ours.remove("a")
    assert (list(ours.walk()), len(remote.found)) == ([], 1)
    with pytest.raises(Unavailable):
        ours.cleanup()
    remote.is_away = False
    ours.cleanup()
    assert remote.found == {}


def test_cleanup_removes_what_has_no_row_and_nothing_that_is_being_made(tmp_path: Path) -> None:
    remote = Remote()
    ours = snapshotter(remote, tmp_path)
    ours.prepare("kept")
    for key, parent in (("lost", ""), ("lost too", "lost"), ("new", "")):
        remote.found[key] = SnapshotInfo(key, parent, Kind.COMMITTED, 1, 1, {})
    with ours._creating.making.one("new"):
        ours.cleanup()
    assert {key.rpartition("/")[2] for key in remote.found} == {"kept", "new"}


def test_a_lease_that_is_gone_leaves_nothing_behind(tmp_path: Path) -> None:
    remote = Remote()
    with pytest.raises(NotFound, match="there is no lease"):
        snapshotter(remote, tmp_path, lease="gone").prepare("x")
    assert remote.found == {}


def test_a_commit_that_is_refused_changes_nothing_there(tmp_path: Path) -> None:
    """It cannot be undone there: what would be refused afterwards would lose the tree."""
    remote = Remote()
    ours = snapshotter(remote, tmp_path)
    (mount,) = ours.prepare("x")
    theirs = mount.source.removeprefix("/far/")
    with pytest.raises(NotFound, match="there is no lease"):
        snapshotter(remote, tmp_path, lease="gone").commit("done", "x")
    with pytest.raises(InvalidArgument):
        ours.commit("done", "x", labels={"long": "x" * 4096})
    remote.is_away = True
    with pytest.raises(Unavailable):
        ours.commit("done", "x")
    assert list(remote.found) == [theirs]
    remote.is_away = False
    ours.cleanup()
    ours.commit("done", "x", labels={"a": "b"})
    assert [(info.key, info.kind, dict(info.labels)) for info in ours.walk()] == [
        ("done", Kind.COMMITTED, {"a": "b"})
    ]


def test_labels_are_changed_in_both_or_in_none(tmp_path: Path) -> None:
    remote, passed = Remote(), "containerd.io/snapshot/remote.x"
    ours = snapshotter(remote, tmp_path)
    (mount,) = ours.prepare("x", labels={passed: "1", "own": "1"})
    there = mount.source.removeprefix("/far/")
    remote.found[there] = remote.found[there].replace(labels={passed: "1"})
    remote.is_away = True
    with pytest.raises(Unavailable):
        ours.update("x", {passed: "2"})
    assert dict(ours.stat("x").labels) == {passed: "1", "own": "1"}
    remote.is_away = False
    with pytest.raises(InvalidArgument):
        ours.update("x", {passed: "x" * 4096})
    assert dict(remote.found[there].labels) == {passed: "1"}
    assert dict(ours.update("x", {"own": "2"}, replace=True).labels) == {"own": "2"}
    assert dict(remote.found[there].labels) == {}


class TestWithRealPeers:
    """A containerd that stands behind ours has its own snapshotters: ours is named like one of them."""

    pytestmark = peers

    def test_an_image_is_unpacked_and_collected(self, tmp_path: Path) -> None:
        (tmp_path / "image").mkdir()
        layout = busybox_image(tmp_path / "image")
        archive = tmp_path / "image.tar"
        pack(layout, archive)
        with short_folder() as folder, running_containerd(folder) as behind:
            config = f'[proxy_plugins.native]\ntype = "snapshot"\naddress = "{behind.address}"\n'
            top = "disabled_plugins = ['io.containerd.snapshotter.v1.native']\n[grpc]\n"
            with tiffind(top + config) as front:
                front.start()
                front.ctr("images", "import", "--snapshotter", "native", "--base-name", "app", str(archive))
                listed = front.ctr("snapshots", "--snapshotter", "native", "ls").splitlines()[1:]
                theirs = behind("snapshots", "--snapshotter", "native", "ls").splitlines()[1:]
                assert len(listed) == len(theirs) == 1
                key = listed[0].split()[0]
                assert theirs[0].split()[0].startswith("default/")
                assert theirs[0].split()[0].endswith(key)
                front.ctr("snapshots", "--snapshotter", "native", "prepare", "tree", key)
                mount = front.ctr("snapshots", "--snapshotter", "native", "mounts", "/TARGET", "tree")
                assert (Path(mount.split()[3]) / "bin/busybox").exists()
                front.ctr("snapshots", "--snapshotter", "native", "rm", "tree")
                name = front.ctr("images", "ls", "--quiet").strip()
                front.ctr("images", "rm", "--sync", name)
                assert front.ctr("snapshots", "--snapshotter", "native", "ls").count("\n") == 1
                assert behind("snapshots", "--snapshotter", "native", "ls").count("\n") == 1


def pack(layout: Path, archive: Path) -> None:
    import tarfile

    with tarfile.open(archive, "w") as tar:
        for path in sorted(layout.rglob("*")):
            tar.add(path, path.relative_to(layout), recursive=False)
