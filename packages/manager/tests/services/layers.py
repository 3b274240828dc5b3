"""Layers, applied to snapshots of a daemon, and trees that a test mounts to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packages.manager.tests.services.blobs import digest_of, put
from packages.manager.tests.services.trees import Snapshots

from tiffin.api.containerd.services.diff.v1 import diff_pb2 as api
from tiffin.api.containerd.services.diff.v1.diff_pb2_grpc import DiffStub
from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
from tiffin.image.kernel import umount2
from tiffin.image.snapshots.mounting import mount_all
from tiffin.manager.services.conversion import mount_values
from tiffin_testing.images import directory, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packages.manager.tests.services.daemons import Daemon

    from tiffin.api.containerd.types.mount_pb2 import Mount

LAYER = "application/vnd.oci.image.layer.v1.tar"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar"
FIRST = tar(
    directory("etc/", mode=0o711),
    file("etc/passwd", b"root", mode=0o600, uid=3, gid=4),
    file("etc/gone", b"x"),
    directory("old/"),
    file("old/x", b"x"),
    symlink("link", "etc/passwd"),
    hardlink("same", "etc/passwd", mode=0o600, uid=3, gid=4),
)
SECOND = tar(
    whiteout("etc/gone"), opaque("old"), directory("old/"), file("old/new", b"n"), file("etc/added", b"a")
)
SHOWN = {"etc": None, "etc/passwd": b"root", "etc/added": b"a", "old": None, "old/new": b"n", "same": b"root"}


def descriptor(data: bytes, media_type: str = LAYER) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(data), size=len(data))


def apply(
    daemon: Daemon, data: bytes, mounts: Sequence[Mount], media_type: str = LAYER, *, sync: bool = False
) -> Descriptor:
    """Applies a layer, which is written before."""
    put(daemon, data)
    asked = api.ApplyRequest(diff=descriptor(data, media_type), mounts=mounts, sync_fs=sync)
    return daemon.client.call(daemon.client.stub(DiffStub).Apply, asked).applied


def unpack(daemon: Daemon, snapshotter: str, *layers: bytes) -> Snapshots:
    """Snapshots `0`, `1` ... of layers."""
    snapshots = Snapshots(daemon, snapshotter)
    for number, layer in enumerate(layers):
        apply(daemon, layer, snapshots.prepare("active", str(number - 1) if number else ""))
        snapshots.commit(str(number), "active")
    return snapshots


def mounted(mounts: Sequence[Mount], place: Path) -> Path:
    """A tree to look at, in this test's mount namespace."""
    place.mkdir()
    mount_all(mount_values(mounts), str(place))
    return place


def unmount(root: Path) -> None:
    umount2(str(root), 0)
