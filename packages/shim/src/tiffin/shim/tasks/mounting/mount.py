"""Mounts a rootfs: all of a client's mounts, in order, or none of them."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack

from tiffin.runtime.errors import InvalidArgument, OperationFailed, Unsupported

from .kernel import CLONE_FS, mount, open_in_root, unshare
from .layers import ShortOptions, shortened
from .options import MS_BIND, MS_RDONLY, MS_REC, MS_REMOUNT, read_options
from .unmount import unmount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...events.values import Mount
    from .options import MountOptions

PAGE = 4096
HELPED = ("fuse.", "fuse3.")  # types for which mount(8) would start a program


def mount_all(mounts: Sequence[Mount], rootfs: str) -> None:
    """Mounts them below a folder; blocks.

    Args:
        mounts: each at its `target` inside of what is mounted so far.
        rootfs: an absolute path.

    Raises:
        OperationFailed: the kernel refused one; those before it are unmounted again.
        InvalidArgument, Unsupported: an option, or a type, that cannot be mounted here.
    """
    with ExitStack() as undo:
        for one in mounts:
            mount_one(one, rootfs)
            undo.callback(unmount, rootfs)
        undo.pop_all()


def mount_one(one: Mount, rootfs: str) -> None:
    """Mounts one. Raises as `mount_all`."""
    if one.type.startswith(HELPED):
        raise Unsupported(
            f"mounts of type {one.type} need a helper program: mount {rootfs} before the task is made"
        )
    short = shortened(one.options) if one.type == "overlay" else ShortOptions("", one.options)
    options = read_options(short.options)
    if len(",".join(options.data).encode()) >= PAGE:
        raise InvalidArgument(
            f"options of the mount at {rootfs} take more than a page, which mount(2) cannot take"
        )
    try:
        if not one.target:
            _mount(one, rootfs, options, short.directory)
            return
        descriptor = open_in_root(rootfs, one.target)
        try:
            _mount(one, f"/proc/{os.getpid()}/fd/{descriptor}", options, short.directory)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OperationFailed(
            f"mount {one.source or one.type} ({one.type}) at {rootfs}: {error.strerror}",
            errno=error.errno or 0,
        ) from error


def _mount(one: Mount, place: str, options: MountOptions, directory: str) -> None:
    data = ",".join(options.data)
    if not options.flags & MS_REMOUNT or data:
        _mount_from(directory, one, place, options.flags, data)
    if options.propagation:
        mount("", place, "", options.propagation)
    if options.flags & MS_BIND and options.flags & ~(
        MS_BIND | MS_REC
    ):  # a bind mount takes no flags at first
        mount("", place, "", options.flags & ~MS_REC | MS_REMOUNT | (options.flags & MS_RDONLY))


def _mount_from(directory: str, one: Mount, place: str, flags: int, data: str) -> None:
    """mount(2) from another current folder: in a thread of its own, so that nobody else's folder changes."""
    if not directory:
        mount(one.source, place, one.type, flags, data)
        return
    failures: list[OSError] = []

    def work() -> None:
        try:
            unshare(CLONE_FS)
            os.chdir(directory)
            mount(one.source, place, one.type, flags, data)
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=work, name="mount")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
