"""The service `snapshots`: what containerd answers, ours does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.trees import Snapshots, folder

from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as api

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon


pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]
SNAPSHOTTERS = ("native", "overlayfs")


@pytest.fixture(params=SNAPSHOTTERS)
def snapshots(request: pytest.FixtureRequest, daemon: Daemon) -> Snapshots:
    return Snapshots(daemon, request.param)


def test_mounts_are_what_containerd_says(snapshots: Snapshots) -> None:
    (first,) = snapshots.prepare("first")
    assert (first.type, set(first.options)) == ("bind", {"rw", "rbind"})
    assert snapshots.mounts("first") == [first]
    snapshots.commit("one", "first")
    snapshots.prepare("second", "one")
    snapshots.commit("two", "second")
    (view,) = snapshots.view("view of one", "one")
    assert (view.type, set(view.options)) == ("bind", {"ro", "rbind"})
    (third,), (both,) = snapshots.prepare("third", "two"), snapshots.view("view of two", "two")
    if snapshots.name == "native":
        assert {third.type, both.type} == {"bind"}
        return
    assert (third.type, third.source, both.type) == ("overlay", "overlay", "overlay")
    names = [text.partition("=")[0] for text in third.options]
    assert names == ["index", "workdir", "upperdir", "lowerdir"]
    assert [text.partition("=")[0] for text in both.options] == ["index", "lowerdir"]
    assert third.options[3] == both.options[1]
    assert third.options[3].count(":") == 1


def test_what_is_written_is_in_what_is_made_of_it(snapshots: Snapshots) -> None:
    folder(snapshots.prepare("first")).joinpath("file").write_text("first")
    snapshots.commit("one", "first")
    bottom = snapshots.view("view", "one")[0].source
    assert Path(bottom, "file").read_text() == "first"


def test_a_snapshot_is_known_from_its_key(snapshots: Snapshots) -> None:
    snapshots.prepare("first", **{"containerd.io/snapshot/x": "y", "own": "1"})
    active = snapshots.stat("first")
    assert (active.name, active.parent, active.kind) == ("first", "", api.ACTIVE)
    assert dict(active.labels) == {"containerd.io/snapshot/x": "y", "own": "1"}
    assert active.created_at == active.updated_at
    snapshots.commit("one", "first", color="blue")
    done = snapshots.stat("one")
    assert (done.name, done.kind, dict(done.labels)) == ("one", api.COMMITTED, {"color": "blue"})
    snapshots.view("view", "one")
    seen = snapshots.stat("view")
    assert (seen.parent, seen.kind) == ("one", api.VIEW)
    assert refusal(snapshots.stat, "first").code is StatusCode.NOT_FOUND


def test_errors(snapshots: Snapshots) -> None:
    snapshots.prepare("first")
    snapshots.prepare("active")
    snapshots.commit("one", "first")
    snapshots.prepare("second", "one")
    for call, arguments, code in (
        (snapshots.prepare, ("active",), StatusCode.ALREADY_EXISTS),
        (snapshots.view, ("one",), StatusCode.ALREADY_EXISTS),
        (snapshots.prepare, ("new", "none"), StatusCode.NOT_FOUND),
        (snapshots.prepare, ("new", "active"), StatusCode.INVALID_ARGUMENT),
        (snapshots.mounts, ("none",), StatusCode.NOT_FOUND),
        (snapshots.commit, ("name", "none"), StatusCode.NOT_FOUND),
        (snapshots.commit, ("one", "active"), StatusCode.ALREADY_EXISTS),
        (snapshots.commit, ("again", "one"), StatusCode.FAILED_PRECONDITION),
        (snapshots.remove, ("one",), StatusCode.FAILED_PRECONDITION),
        (snapshots.remove, ("none",), StatusCode.NOT_FOUND),
        (snapshots.usage, ("none",), StatusCode.NOT_FOUND),
        (snapshots.update, ("none",), StatusCode.NOT_FOUND),
        (snapshots.update, ("one", "parent"), StatusCode.INVALID_ARGUMENT),
    ):
        assert refusal(call, *arguments).code is code, (call, arguments)


def test_removal(snapshots: Snapshots) -> None:
    snapshots.prepare("first")
    snapshots.commit("one", "first")
    snapshots.prepare("second", "one")
    snapshots.remove("second")
    snapshots.remove("one")
    assert snapshots.names() == set()
    snapshots.prepare("one")


def test_labels(snapshots: Snapshots) -> None:
    snapshots.prepare("first", one="1", two="2")
    assert dict(snapshots.update("first", "labels.one", "labels.c", one="I", c="3").labels) == {
        "one": "I",
        "two": "2",
        "c": "3",
    }
    assert dict(snapshots.update("first", "labels", four="4").labels) == {"four": "4"}
    last = snapshots.update("first", five="5")
    assert dict(last.labels) == {"five": "5"}
    assert last.updated_at.ToNanoseconds() > last.created_at.ToNanoseconds()


def test_lists_are_filtered(snapshots: Snapshots) -> None:
    snapshots.prepare("first")
    snapshots.commit("one", "first")
    for number in range(120):
        snapshots.view(f"view {number}", "one", number=str(number))
    assert len(snapshots.list()) == 121
    assert snapshots.names("kind==committed") == {"one"}
    assert snapshots.names("name==one", "labels.number==7") == {"one", "view 7"}
    assert len(snapshots.names("parent==one")) == 120
    assert snapshots.names("parent==one,labels.number==7") == {"view 7"}
    assert snapshots.names("kind==active") == set()
    assert refusal(snapshots.list, "name=").code in (StatusCode.INVALID_ARGUMENT, StatusCode.UNKNOWN)


def test_usage_is_what_it_takes_of_the_disk(snapshots: Snapshots) -> None:
    place = folder(snapshots.prepare("first"))
    empty = snapshots.usage("first")
    (place / "file").write_bytes(b"x" * 10_000)
    os.link(place / "file", place / "same")
    (place / "folder").mkdir()
    used = snapshots.usage("first")
    assert used.inodes - empty.inodes == 2
    assert used.size - empty.size >= 10_000
    snapshots.commit("one", "first")
    assert snapshots.usage("one") == used
    snapshots.view("view", "one")
    assert snapshots.usage("view").inodes == 0 or snapshots.name == "overlayfs"


def test_what_was_unpacked_already_is_not_prepared(snapshots: Snapshots) -> None:
    snapshots.prepare("first")
    snapshots.commit("sha256:chain", "first")
    refused = refusal(snapshots.prepare, "second", **{"containerd.io/snapshot.ref": "sha256:chain"})
    assert refused.code is StatusCode.ALREADY_EXISTS
    assert "target snapshot" in refused.text
    assert snapshots.names() == {"sha256:chain"}


@pytest.mark.parametrize("name", ["", "btrfs2", "../overlayfs"])
def test_a_snapshotter_that_is_not_there(daemon: Daemon, name: str) -> None:
    snapshots = Snapshots(daemon, name)
    refused = refusal(snapshots.prepare, "first")
    assert refused.code is StatusCode.INVALID_ARGUMENT
    assert refused.text.startswith("snapshotter argument missing" if not name else "snapshotter not loaded")


def test_namespaces_do_not_see_each_others(daemon: Daemon) -> None:
    mine, other = Snapshots(daemon, "native"), Snapshots(daemon.fresh(), "native")
    mine.prepare("first")
    mine.commit("one", "first")
    assert other.names() == set()
    assert refusal(other.prepare, "second", "one").code is StatusCode.NOT_FOUND
    assert other.prepare("first") != mine.prepare("first")


@pytest.mark.parametrize("key", ["../../etc/passwd", "/", "a b\n", "x" * 2000, "\0"])
def test_any_key_is_only_a_name(snapshots: Snapshots, key: str) -> None:
    (mount,) = snapshots.prepare(key)
    assert Path(mount.source).is_relative_to(snapshots.root)
    assert ".." not in mount.source
    snapshots.commit(f"of {key}", key)
    assert snapshots.names() == {f"of {key}"}
