"""Removes a bundle. Never through a mount: what is mounted below it belongs to somebody else."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING

from tiffin.image.kernel import umount2
from tiffin.runtime.errors import FailedPrecondition

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle

UMOUNT_NOFOLLOW = 8


def remove_bundle(bundle: Bundle) -> None:
    """Unmounts its rootfs, then removes the folder and its work folder; what is not there is no error.

    Raises:
        FailedPrecondition: the rootfs has files of its own.
        OSError: something below it is mounted and in use.
    """
    unmount_below(bundle.rootfs)
    try:
        os.rmdir(bundle.rootfs)
    except FileNotFoundError:
        pass  # of a bundle that was half removed
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise FailedPrecondition(
            f"{bundle.rootfs!r} is not empty, and nothing is mounted there: it is left as it is"
        ) from error
    for folder in (bundle.path, bundle.work):
        unmount_below(folder)
        _remove(folder)


def unmount_below(path: str) -> None:
    """Unmounts all that is mounted at or below a path, the last first. Raises OSError."""
    while _unmount(path):
        pass
    if _holds_mounts(path):
        for point in reversed(_mounts_below(path)):
            _unmount(point)


def _unmount(point: str) -> bool:
    """Whether something was mounted there."""
    try:
        umount2(point, UMOUNT_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True


def _holds_mounts(path: str) -> bool:
    """Whether a directory below is of another mount: cheaper than the list of all mounts, which may be thousands."""
    try:
        mount = _mount_of(path)
    except FileNotFoundError:
        return False
    return any(
        _mount_of(os.path.join(above, name)) != mount
        for above, names, _ in os.walk(path)
        for name in names
        if not os.path.islink(os.path.join(above, name))
    )


def _mount_of(path: str) -> str:
    """The id of the mount that a directory is of: device numbers do not tell bind mounts."""
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as lines:
            return next(line for line in lines if line.startswith("mnt_id:"))
    finally:
        os.close(descriptor)


def _mounts_below(path: str) -> list[str]:
    prefix = os.path.realpath(path) + "/"
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        points = (_decoded(line.split(" ")[4]) for line in lines)
        return [point for point in points if point.startswith(prefix)]


def _decoded(field: str) -> str:
    """A field of mountinfo, in which space, tab, newline and backslash are octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field


def _remove(path: str) -> None:
    """Hides the folder first: half of a bundle is never taken for one."""
    above, name = os.path.split(path)
    hidden = os.path.join(above, f".{name}")
    shutil.rmtree(hidden, ignore_errors=True)
    try:
        os.rename(path, hidden)
    except FileNotFoundError:
        return
    shutil.rmtree(hidden)
