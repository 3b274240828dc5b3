"""Before CRIU restores, prepare_rootfs.py makes the rootfs ready in a mount namespace of its own: how it is called."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from ..errors import OperationFailed
from ..launch.stopping import wait_until_readable
from .external import Config, is_bind

READY = b"ready\n"  # of prepare_rootfs
REPORT_MAXIMUM = 4096
PROGRAM = str(Path(__file__).parent / "prepare_rootfs.py")


def preparation(
    reports: int, config: Config, rootfs: str, root: str, images: str, work: str
) -> tuple[str | int, ...]:
    """The command that executes CRIU in the end.

    Args:
        reports: our descriptor of the socket that it reports to.
        root: where CRIU's own mount namespace shall have the rootfs.
        images, work: folders, which it opens for CRIU.
    """
    mounts = json.dumps(mount_points(config))
    return (sys.executable, "-I", "-S", PROGRAM, reports, rootfs, root, mounts, images, work)


def mount_points(config: Config) -> list[list[str]]:
    """Destinations that must be there, and the sources of binds among them.

    CRIU restores what a tmpfs held with the mount points in it, and those of cgroups.
    """
    mounts = config.get("mounts") or ()
    tmpfs = [mount["destination"].rstrip("/") + "/" for mount in mounts if mount.get("type") == "tmpfs"]
    found = []
    for mount in mounts:
        destination = mount["destination"]
        if mount.get("type") in {"cgroup", "cgroup2"} or destination.startswith(tuple(tmpfs)):
            continue
        found.append([destination, mount.get("source", "") if is_bind(mount) else ""])
    return found


def wait_until_prepared(reports: socket.socket, stop: int) -> list[int]:
    """Until the rootfs is ready and CRIU has started, or `stop` is readable.

    Returns:
        Descriptors of the folders of images and work, which the caller closes.

    Raises:
        OperationFailed: that went wrong; the text says where.
    """
    wait_until_readable(reports.fileno(), stop)
    text, descriptors, _, _ = socket.recv_fds(reports, REPORT_MAXIMUM, 2)
    while piece := reports.recv(REPORT_MAXIMUM):
        text += piece
    if text != READY:
        for descriptor in descriptors:
            os.close(descriptor)
        reason = text.removeprefix(READY).decode(errors="replace")
        raise OperationFailed(f"restore: cannot make the rootfs ready: {reason or 'the helper died'}")
    return descriptors
