"""`tiffin system` on a manager's socket: counted, pruned, pinned and verified as the manager's own labels tell."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packages.tiffin.tests.managed.conftest import IMAGE, NAME, Managed
from tests.interop.image import docker_archive

from tiffin.cli.managed.system.stored import CONTENT, Item, Name, Stored, referred

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "containerd", "cgroup_writable")

OTHER = "docker.io/library/other:latest"
SIZE = 3_000_000


@pytest.fixture
def other(managed: Managed, tmp_path: Path) -> Iterator[str]:
    """Another image, of random bytes; the one that all tests have is pinned meanwhile."""
    (tmp_path / "tree").mkdir()
    with Path("/dev/urandom").open("rb") as noise:
        (tmp_path / "tree/noise").write_bytes(noise.read(SIZE))
    subprocess.run(["tar", "-C", tmp_path / "tree", "-cf", tmp_path / "tree.tar", "."], check=True)
    managed.ctr("images", "import", docker_archive(tmp_path / "tree.tar", tmp_path / "other.tar", OTHER))
    assert managed.call("system", "pin", IMAGE).code == 0
    managed.call("system", "prune")  # containerd collects later what it did not need of the archive
    yield OTHER
    assert managed.call("system", "unpin", IMAGE).code == 0
    if OTHER in managed.ctr("images", "ls", "-q"):
        assert managed.call("rmi", OTHER).code == 0


def usage(managed: Managed) -> dict[str, dict[str, Any]]:
    done = managed.call("system", "df", "--json")
    assert done.code == 0, done
    return {row["kind"]: row for row in json.loads(done.out)}


def labels(managed: Managed, name: str) -> str:
    (line,) = [line for line in managed.ctr("images", "ls").splitlines() if line.startswith(name)]
    return line


def test_df_counts_blobs_and_snapshots(managed: Managed, other: str) -> None:
    managed.start("one")
    after = usage(managed)
    assert managed.call("rm", "--force", "one").code == 0
    assert after[CONTENT]["size"] > SIZE
    assert after["snapshots/overlayfs"]["size"] > SIZE
    assert after[CONTENT]["free_number"] == after["snapshots/overlayfs"]["free_number"] == 0
    before = usage(managed)["snapshots/overlayfs"]
    assert after["snapshots/overlayfs"]["number"] == before["number"] + 1
    table = managed.call("system", "df").out.splitlines()
    assert table[0].split() == ["KIND", "COUNT", "SIZE", "RECLAIMABLE"]
    assert {line.split()[0] for line in table[1:]} >= {"content", "snapshots/overlayfs", "ingests"}


def test_prune_removes_images_that_nothing_uses_only_when_it_is_told_to(managed: Managed, other: str) -> None:
    plain = managed.call("system", "prune")
    assert (plain.code, plain.lines[-1]) == (0, "0.0 MB reclaimed")
    assert other in managed.ctr("images", "ls", "-q")
    done = managed.call("system", "prune", "--all")
    assert done.code == 0, done
    assert f"images {other}" in done.lines
    assert f"images {NAME}" not in done.lines
    assert float(done.lines[-1].split()[0]) >= 2 * SIZE / 1e6  # the blob, and what it was unpacked to
    assert [line.split()[0] for line in done.lines if line.startswith("snapshots/")] == [
        "snapshots/overlayfs"
    ]
    assert managed.ctr("images", "ls", "-q").split() == [NAME]


def test_prune_keeps_what_a_container_uses(managed: Managed, other: str) -> None:
    made = ("containers", "create", "--snapshotter", "overlayfs", other, "user", "true")
    managed.ctr(*made)
    assert managed.call("system", "prune", "--all").lines == ["0.0 MB reclaimed"]
    managed.ctr("containers", "rm", "user")
    assert f"images {other}" in managed.call("system", "prune", "--all").lines


def test_pins_are_labels_that_kubelet_knows(managed: Managed, other: str) -> None:
    assert "io.cri-containerd.pinned=pinned" in labels(managed, NAME)
    assert managed.call("system", "pin", other).lines == [other]
    assert "io.cri-containerd.pinned=pinned" in labels(managed, other)
    assert managed.call("system", "prune", "--all").lines == ["0.0 MB reclaimed"]
    assert managed.call("system", "unpin", other).lines == [other]
    assert "pinned" not in labels(managed, other)
    none = managed.call("system", "pin", "nobody:1")
    assert (none.code, none.out) == (1, "")
    assert "no image 'nobody:1'" in none.err


def test_verify_reads_every_blob(managed: Managed, other: str) -> None:
    well = managed.call("system", "verify")
    assert (well.code, well.out) == (0, ""), well
    assert "blobs checked: all is well" in well.err


def test_verify_finds_what_was_changed_and_what_is_missing(
    managed: Managed, other: str, tmp_path: Path
) -> None:
    layer = f"sha256:{hashlib.sha256((tmp_path / 'tree.tar').read_bytes()).hexdigest()}"
    file = blob_file(managed, layer)
    good = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(b"x" + good[1:])
    changed = json.loads(managed.call("system", "verify", "--json").out)
    assert [(finding["kind"], finding["what"]) for finding in changed] == [("blob-changed", layer)]
    file.write_bytes(good)
    managed.ctr("content", "rm", layer)
    missing = managed.call("system", "verify")
    assert missing.code == 1
    assert f"image {other} lacks {layer}: pull it again" in missing.lines


def blob_file(managed: Managed, digest: str) -> Path:
    """Where the manager has a blob: both use containerd's layout, in a folder beside the socket or above it."""
    name = digest.partition(":")[2]
    for above in Path(managed.address).parents[:2]:
        for found in above.rglob(f"blobs/sha256/{name}"):
            return found
    raise AssertionError(f"no file of {digest}")


def test_labels_that_keep_things() -> None:
    found = referred(
        {
            "containerd.io/gc.ref.content": "a",
            "containerd.io/gc.ref.content.m.0": "b",
            "containerd.io/gc.ref.content/x": "c",
            "containerd.io/gc.ref.contents": "no",
            "containerd.io/gc.ref.snapshot.overlayfs": "d",
            "containerd.io/gc.ref.snapshot.overlayfs/x": "e",
            "other": "no",
        }
    )
    assert found == (
        (CONTENT, "a"),
        (CONTENT, "b"),
        (CONTENT, "c"),
        ("snapshots/overlayfs", "d"),
        ("snapshots/overlayfs", "e"),
    )


def test_what_something_keeps() -> None:
    def blob(digest: str, *refers: str, root: bool = False) -> Item:
        return Item((CONTENT, digest), 1, tuple((CONTENT, each) for each in refers), root)

    items = [blob("a", "b", "gone"), blob("b", "a"), blob("c"), blob("d", root=True), blob("e"), blob("f")]
    names = (Name("one", "a", ((CONTENT, "f"),), used=False, pinned=False),)
    stored = Stored({item.key: item for item in items}, names, frozenset({(CONTENT, "e")}), ())
    assert {digest for _, digest in stored.kept()} == set("abdef")
    assert [name.name for name in stored.unused()] == ["one"]
