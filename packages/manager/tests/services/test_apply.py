"""The service `diff`: layers are applied to snapshots and to any mounts."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import zstandard
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import digest_of
from packages.manager.tests.services.layers import (
    DOCKER_LAYER,
    FIRST,
    LAYER,
    SECOND,
    SHOWN,
    apply,
    descriptor,
    mounted,
    unmount,
    unpack,
)
from packages.manager.tests.services.trees import Snapshots

from tiffin.api.containerd.services.diff.v1 import diff_pb2 as api
from tiffin.api.containerd.services.diff.v1.diff_pb2_grpc import DiffStub
from tiffin.api.containerd.types.mount_pb2 import Mount
from tiffin_testing.images import file, symlink, tar

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]


def shown(root: Path) -> dict[str, bytes | None]:
    found = {path for path in root.rglob("*") if not path.is_symlink()}
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in found}


@pytest.mark.parametrize("snapshotter", ["native", "overlayfs"])
def test_layers_are_applied_to_snapshots(daemon: Daemon, snapshotter: str, tmp_path: Path) -> None:
    snapshots = unpack(daemon, snapshotter, FIRST, SECOND)
    root = mounted(snapshots.view("view", "1"), tmp_path / "tree")
    try:
        assert shown(root) == SHOWN
        status = (root / "etc/passwd").stat()
        assert (status.st_mode & 0o7777, status.st_uid, status.st_gid, status.st_nlink) == (0o600, 3, 4, 2)
        assert (root / "etc").stat().st_mode & 0o7777 == 0o711
        assert os.readlink(root / "link") == "etc/passwd"
    finally:
        unmount(root)


@pytest.mark.parametrize(
    ("stored", "media_type"),
    [
        (FIRST, LAYER),
        (gzip.compress(FIRST), f"{LAYER}+gzip"),
        (zstandard.compress(FIRST), f"{LAYER}+zstd"),
        (gzip.compress(FIRST), f"{DOCKER_LAYER}.gzip"),
    ],
)
def test_what_was_applied_is_told_uncompressed(daemon: Daemon, stored: bytes, media_type: str) -> None:
    snapshots = Snapshots(daemon, "native")
    applied = apply(daemon, stored, snapshots.prepare("one"), media_type)
    assert (applied.media_type, applied.digest, applied.size) == (LAYER, digest_of(FIRST), len(FIRST))


def test_layers_are_applied_to_any_mounts(daemon: Daemon, tmp_path: Path) -> None:
    """A file system that has to be mounted; then nobody else sees it, and nothing stays mounted."""
    before = Path("/proc/self/mountinfo").read_text()
    lower, upper, work = (tmp_path / name for name in ("lower", "upper", "work"))
    for path in (lower, upper, work):
        path.mkdir()
    (lower / "below").write_bytes(b"b")
    overlay = Mount(
        type="overlay",
        source="overlay",
        options=[f"upperdir={upper}", f"workdir={work}", f"lowerdir={lower}"],
    )
    bound = Mount(type="bind", source=str(tmp_path), options=["rbind"])
    apply(daemon, FIRST, [overlay])
    assert (upper / "etc/passwd").read_bytes() == b"root"
    if daemon.ours:  # containerd unmounts what is below the last one lazily
        apply(daemon, SECOND, [bound, overlay])
        assert not (upper / "etc/gone").exists()
    assert Path("/proc/self/mountinfo").read_text() == before


def test_layers_are_applied_to_mounts_that_refer_to_each_other(daemon: Daemon, tmp_path: Path) -> None:
    """As those of the EROFS snapshotter of containerd 2.2 and later."""
    if not daemon.ours:
        pytest.skip("containerd 1.6 knows none")
    before = Path("/proc/self/mountinfo").read_text()
    folders = {name: tmp_path / name for name in ("lower", "upper", "work")}
    for path in folders.values():
        path.mkdir()
    (folders["lower"] / "old").mkdir()
    (folders["lower"] / "old/gone").write_bytes(b"b")
    mounts = [
        Mount(type="bind", source=str(folders["lower"]), options=["rbind", "ro"]),
        Mount(type="bind", source=str(tmp_path), options=["rbind"]),
        Mount(
            type="format/mkdir/overlay",
            source="overlay",
            options=[
                "lowerdir={{ mount 0 }}",
                "upperdir={{ mount 1 }}/upper",
                "workdir={{ mount 1 }}/work",
            ],
        ),
    ]
    apply(daemon, SECOND, mounts)
    assert (folders["upper"] / "old/new").read_bytes() == b"n"
    assert [path.name for path in (folders["lower"] / "old").iterdir()] == ["gone"]
    wrong = Mount(type="format/overlay", source="overlay", options=["lowerdir={{ mount 5 }}"])
    assert refusal(apply, daemon, FIRST, [*mounts[:1], wrong]).code is StatusCode.INVALID_ARGUMENT
    outside = Mount(
        type="mkdir/bind", source="/", options=[f"X-containerd.mkdir.path={tmp_path}/made", "rbind"]
    )
    assert refusal(apply, daemon, tar(file("other", b"o")), [outside]).code is StatusCode.UNIMPLEMENTED
    assert not (tmp_path / "made").exists()
    assert Path("/proc/self/mountinfo").read_text() == before


@pytest.mark.parametrize(
    ("data", "media_type", "codes"),
    [
        (FIRST, "application/octet-stream", {StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN}),
        (b"not gzip", f"{LAYER}+encrypted", {StatusCode.UNIMPLEMENTED, StatusCode.UNKNOWN}),
        (gzip.compress(FIRST)[:-20], f"{LAYER}+gzip", {StatusCode.INVALID_ARGUMENT, StatusCode.UNKNOWN}),
        (FIRST[:700], LAYER, {StatusCode.INVALID_ARGUMENT, StatusCode.UNKNOWN}),
    ],
)
def test_what_is_no_layer(daemon: Daemon, data: bytes, media_type: str, codes: set[StatusCode]) -> None:
    mounts = Snapshots(daemon, "native").prepare("one")
    assert refusal(apply, daemon, data, mounts, media_type).code in codes


def test_a_layer_does_not_leave_its_tree(daemon: Daemon, tmp_path: Path) -> None:
    escaping = tar(symlink("out", str(tmp_path)), file("out/file", b"x"), file("../../up", b"x"))
    mounts = Snapshots(daemon, "native").prepare("one")
    apply(daemon, escaping, mounts)
    assert list(tmp_path.iterdir()) == []


def test_a_layer_that_is_not_there(daemon: Daemon) -> None:
    mounts = Snapshots(daemon, "native").prepare("one")
    asked = api.ApplyRequest(diff=descriptor(b"missing"), mounts=mounts)
    apply_ = daemon.client.stub(DiffStub).Apply
    assert refusal(daemon.client.call, apply_, asked).code is StatusCode.NOT_FOUND
    read_only = [Mount(type="bind", source=mounts[0].source, options=["ro", "rbind"])]
    refused = refusal(apply, daemon, FIRST, read_only)
    assert refused.code in (StatusCode.FAILED_PRECONDITION, StatusCode.UNKNOWN)


def test_a_layer_needs_a_tree(daemon: Daemon) -> None:
    if not daemon.ours:
        pytest.skip("containerd leaves it in a folder for temporary files")
    assert refusal(apply, daemon, FIRST, []).code is StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("source", ["relative/path", ".", "/with\0zero"])
def test_a_path_of_a_mount_is_absolute(daemon: Daemon, source: str) -> None:
    if not daemon.ours:
        pytest.skip("containerd takes it for one below its own folder")
    bound = Mount(type="bind", source=source, options=["rbind", "rw"])
    overlay = Mount(type="overlay", source="overlay", options=[f"upperdir={source}", "lowerdir=/x"])
    for mount in (bound, overlay):
        assert refusal(apply, daemon, b"%d" % id(mount), [mount]).code is StatusCode.INVALID_ARGUMENT
