"""What others unpack of a layer of ours: umoci, buildah and containerd see the very tree it was made of."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.interop.peers import containerd_client

from tiffin.image.layers.diff.walk import tree_changes
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.image.writing import write_layout

pytestmark = pytest.mark.requires("root")
Facts = Callable[[Path], dict[str, tuple[object, ...]]]
CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
TIME = 1_600_000_000_123_456_789


@pytest.fixture
def lower(tmp_path: Path) -> Path:
    folder = tmp_path / "lower"
    (folder / "d/e").mkdir(parents=True)
    (folder / "d/f").write_bytes(b"file")
    (folder / "gone").mkdir()
    (folder / "gone/x").write_bytes(b"x")
    (folder / "replaced").mkdir()
    (folder / "replaced/y").write_bytes(b"y")
    (folder / "link").symlink_to("d")
    (folder / "unchanged").write_bytes(b"u")
    return folder


@pytest.fixture
def upper(lower: Path, tmp_path: Path, copy: Callable[[Path, Path], Path]) -> Path:
    folder = copy(lower, tmp_path / "upper")
    subprocess.run(["rm", "-r", "gone", "replaced", "link"], cwd=folder, check=True, timeout=30)
    (folder / "replaced").write_bytes(b"a file now")
    (folder / "link").mkdir()
    (folder / "link/inside").write_bytes(b"i")
    os.link(folder / "d/f", folder / "hard")
    os.mkfifo(folder / "pipe", 0o622)
    os.mknod(folder / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (folder / "ping").write_bytes(b"p")
    os.chown(folder / "ping", 3_000_000, 5)
    os.setxattr(folder / "ping", "security.capability", CAPABILITY)
    (folder / "ping").chmod(0o4755)
    os.utime(folder / "ping", ns=(0, TIME))
    (folder / ("l" * 200)).symlink_to("t" * 300)
    (folder / ("d/" + "e/" + "n" * 250)).write_bytes(b"long")
    (folder / os.fsdecode(b"latin-\xe4")).write_bytes(b"")
    with open(folder / "sparse", "wb") as file:
        file.truncate(100 * 1024 * 1024)
    return folder


def umoci(layout: Path, folder: Path) -> Path:
    subprocess.run(["umoci", "unpack", "--image", f"{layout}:1", folder], check=True, timeout=60)
    return folder / "rootfs"


def buildah(layout: Path, folder: Path) -> Path:
    command = ["buildah", f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs"]
    subprocess.run([*command, "from", "--name=made", f"oci:{layout}:1"], check=True, timeout=60)
    done = subprocess.run([*command, "mount", "made"], check=True, timeout=60, capture_output=True, text=True)
    return Path(done.stdout.strip())


def containerd(layout: Path, folder: Path) -> Path:
    """Its mount is in a namespace of its own; what is seen there is copied out."""
    folder.mkdir()
    archive, target, seen = folder / "image.tar", folder / "target", folder / "seen"
    with ExitStack() as stack:
        place, demands = open_destination(f"oci-archive:{archive}:example.test/made:1", stack)
        options = demands.applied(CopyOptions(), "made")
        copy_image(open_source(f"oci:{layout}:1", stack), place, options)
    target.mkdir()
    with containerd_client(folder) as client:
        client("images", "import", "--snapshotter=native", str(archive))
        mount = [*client.argv, "images", "mount", "--snapshotter=native", "example.test/made:1", str(target)]
        script = f'"$@" && cp --archive {target} {seen}'
        command = ["unshare", "--mount", "--propagation", "private", "bash", "-euc", script, "bash", *mount]
        subprocess.run(command, check=True, timeout=60)
    return seen


PEERS = [
    pytest.param(umoci, marks=pytest.mark.requires("umoci")),
    pytest.param(buildah, marks=pytest.mark.requires("buildah")),
    pytest.param(containerd, marks=pytest.mark.requires("containerd", "ctr")),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder with a short name, for the sockets of daemons."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tiffin-") as folder:
        yield Path(folder)


@pytest.mark.parametrize("peer", PEERS)
def test_a_peer_sees_the_upper_tree(
    peer: Callable[[Path, Path], Path],
    lower: Path,
    upper: Path,
    facts: Facts,
    write: Callable[..., bytes],
    place: Path,
) -> None:
    layers = [write(tree_changes(None, str(lower))), write(tree_changes(str(lower), str(upper)))]
    write_layout(str(place / "layout"), layers, {"Cmd": ["/bin/sh"]}, "1")
    found, expected = facts(peer(place / "layout", place / "peer")), facts(upper)
    for tree in (found, expected):
        tree.pop(".")
    assert found.keys() == expected.keys()
    assert {path: fact for path, fact in found.items() if fact != expected[path]} == {}


@pytest.mark.requires("containerd", "ctr")
def test_containerd_finds_the_same_changes(
    lower: Path, upper: Path, copy: Callable[[Path, Path], Path], write: Callable[..., bytes], place: Path
) -> None:
    """The entries of both layers are the same, in the same order; containerd writes whole seconds."""
    write_layout(str(place / "layout"), [write(tree_changes(None, str(lower)))], {}, "1")
    config = json.loads((place / "layout/index.json").read_text())["manifests"][0]["digest"]
    manifest = json.loads((place / "layout/blobs" / config.replace(":", "/")).read_text())
    chain = manifest["layers"][0]["digest"]  # of one layer that is not compressed
    archive = place / "image.tar"
    subprocess.run(
        ["tar", "--create", "--file", archive, "--directory", place / "layout", "."], check=True, timeout=60
    )
    changed = write(tree_changes(str(lower), str(upper)))
    with containerd_client(place) as client:
        client("images", "import", "--snapshotter=native", "--index-name=example.test/made:1", str(archive))
        client("snapshots", "--snapshotter=native", "prepare", "changed", chain)
        mounts = client("snapshots", "--snapshotter=native", "mounts", "/nowhere", "changed").split()
        folder = next(Path(word) for word in mounts if word.startswith(str(place)))
        subprocess.run(["find", folder, "-mindepth", "1", "-delete"], check=True, timeout=60)
        subprocess.run(["cp", "--archive", f"{upper}/.", folder], check=True, timeout=60)
        command = [*client.argv, "snapshots", "--snapshotter=native", "diff", "changed"]
        theirs = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    assert entries(changed) == entries(gzip.decompress(theirs))


def entries(layer: bytes) -> list[tuple[object, ...]]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return [
            (
                member.name,
                member.type if not member.issparse() else tarfile.REGTYPE,
                member.mode,
                member.uid,
                member.gid,
                member.size,
                member.linkname,
                (member.devmajor, member.devminor) if member.isdev() else None,
                member.pax_headers.get("SCHILY.xattr.security.capability"),
                int(member.mtime) if ".wh." not in member.name else 0,
            )
            for member in archive
        ]
