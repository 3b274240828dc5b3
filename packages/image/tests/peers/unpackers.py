"""The unpackers that are compared: each makes a tree out of an image in a layout, and gives its facts."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from packages.image.tests.peers.tree import facts, mounted_facts

from tiffin.image.pull.pull import pull
from tiffin.image.store.store import Store
from tiffin.image.store.unpacked import chain_ids
from tiffin.image.transports import open_image
from tiffin.image.transports.opening import open_source
from tiffin.image.unpack import unpack

if TYPE_CHECKING:
    from pathlib import Path

    from packages.image.tests.peers.containerd import Containerd
    from packages.image.tests.peers.tree import Facts

SNAPSHOTTERS = ("overlayfs", "native")
NAME = "example.test/app:1"
_numbers = itertools.count()


def by_umoci(layout: Path, folder: Path) -> Facts:
    command = ["umoci", "unpack", "--image", f"{layout}:1", str(folder / "umoci")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = facts(folder / "umoci/rootfs")
    shutil.rmtree(folder / "umoci")
    return found


def by_unpack(layout: Path, folder: Path, *, whole: bool = True) -> Facts:
    """`tiffin.image.unpack`: all layers into one folder. whole: nothing may be left out."""
    target = folder / "plain"
    target.mkdir()
    with ExitStack() as stack:
        left_out = unpack(open_image(f"oci:{layout}:1", stack), str(target))
        assert not (left_out and whole), left_out
    found = facts(target)
    shutil.rmtree(target)
    return found


def by_store(layout: Path, folder: Path, snapshotter: str, *, whole: bool = True) -> Facts:
    """A snapshot for each layer, in a store of its own; a view is mounted. whole: nothing may be left out."""
    root = folder / f"store-{snapshotter}"
    with ExitStack() as stack:
        store = Store(str(root), snapshotter=snapshotter)
        pulled = pull(open_source(f"oci:{layout}:1", stack), store, NAME)
        assert pulled.unpacked is not None
        assert not (pulled.unpacked.left_out and whole), pulled.unpacked.left_out
        found = mounted_facts(store.snapshots.view("view", pulled.unpacked.chain_id))
    shutil.rmtree(root)
    return found


def by_containerd(ctr: Containerd, layout: Path, folder: Path, snapshotter: str) -> Facts:
    """`ctr images import`, into a namespace of its own; what containerd does not keep is left out."""
    archive = folder / "image.tar"
    subprocess.run(["tar", "-C", layout, "-cf", archive, "."], check=True, timeout=120)
    own = ctr.within(f"image-{next(_numbers)}")
    began = time.time_ns()
    own("images", "import", "--snapshotter", snapshotter, "--base-name", "example.test/app", archive)
    archive.unlink()
    return kept(mounted_facts(own.view(snapshotter, chain_id_of(layout))), began)


def kept(found: Facts, began: int) -> Facts:
    """Without the times of the unpacking itself. began: when it began, in nanoseconds since 1970."""
    for fact in found.values():
        if int(str(fact["mtime"])) >= began - CLOCK_STEP:
            del fact["mtime"]
    return found


CLOCK_STEP = 20_000_000  # nanoseconds; the kernel's file times are taken from a coarser clock


def chain_id_of(layout: Path) -> str:
    with ExitStack() as stack:
        return chain_ids(open_image(f"oci:{layout}:1", stack).config.diff_ids)[-1]


def as_containerd(expected: Facts, found: Facts, snapshotter: str) -> Facts:
    """What containerd keeps of a tree.

    Of directories that a layer only implies, and with copies of all, the time is the one of unpacking; times before
    1970 become 1970; of attributes, those of `trusted` are refused, and with copies a directory keeps old ones.
    """
    left: Facts = {}
    for path, fact in expected.items():
        is_directory = str(fact["mode"]).startswith("0o4")
        lost = {"mtime"} if is_directory and "mtime" not in found.get(path, {}) else set()
        lost |= {key for key in fact if key.startswith("xattr trusted.")}
        left[path] = {key: value for key, value in fact.items() if key not in lost}
        if "mtime" in left[path]:
            left[path]["mtime"] = max(int(str(fact["mtime"])), 0)
        if is_directory and snapshotter == "native":
            left[path].update(
                {key: value for key, value in found.get(path, {}).items() if key.startswith("xattr ")}
            )
    return left


def settled(tree: Facts, other: Facts) -> Facts:
    """Without the times that no layer says: those of the root, and of folders that are implied, or emptied late."""
    left: Facts = {}
    for path, fact in tree.items():
        recent = any(int(str(each.get("mtime", 0))) > RECENT for each in (fact, other.get(path, {})))
        left[path] = {
            key: value for key, value in fact.items() if key != "mtime" or not (recent or path == ".")
        }
    return left


RECENT = 100 * 10**9  # nanoseconds since 1970: the layers of `changes` have older times
