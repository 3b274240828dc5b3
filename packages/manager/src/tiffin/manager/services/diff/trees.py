"""Mounts that a client gives, as folders: as they are where that can be, else mounted, where nobody else sees it.

What has to be mounted is so in a mount namespace of one thread, on folders that every such thread uses. The kernel
takes the mounts away when the thread ends, whoever is killed and when: there is nothing to clean up.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from tiffin.image.durable import make_folder
from tiffin.image.errors import InvalidArgument
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin.image.snapshots.mounting import mount_all, split_lower
from tiffin.image.store.writable import own_mount_namespace
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiffin.image.snapshots.protocol import Mount

T = TypeVar("T")
UPPER, LOWER, USER = "upperdir=", "lowerdir=", "userxattr"
BINDS = ("bind", "rbind")


class Overlay(Record):
    """What an overlay is made of; lowers: the nearest first. upper: "" if it cannot be written to."""

    upper: str
    lowers: tuple[str, ...]
    whiteouts: WhiteoutForm


def checked(mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
    """The mounts themselves. Raises InvalidArgument: no mount has that, or it depends on where the daemon started."""
    if any("\0" in text for mount in mounts for text in (mount.type, mount.source, *mount.options)):
        raise InvalidArgument("a mount with a zero in its texts is none")
    overlay = overlay_of(mounts)
    folders = [mount.source for mount in mounts if _is_bind(mount)]
    folders += [overlay.upper, *overlay.lowers] if overlay is not None else []
    for folder in folders:
        if folder and not os.path.isabs(folder):
            raise InvalidArgument(f"a mount of {folder[:200]!r} is none: expected an absolute path")
    return mounts


def overlay_of(mounts: Sequence[Mount]) -> Overlay | None:
    """The folders of one overlay, and nothing else."""
    if len(mounts) != 1 or mounts[0].type != "overlay":
        return None
    options = mounts[0].options
    upper = next((split_lower(text.removeprefix(UPPER)) for text in options if text.startswith(UPPER)), [])
    lowers = next((split_lower(text.removeprefix(LOWER)) for text in options if text.startswith(LOWER)), [])
    form = WhiteoutForm.USER if USER in options else WhiteoutForm.TRUSTED
    return Overlay("".join(upper), tuple(lowers), form)


def bound_folder(mounts: Sequence[Mount], *, writable: bool) -> str:
    """The folder of one bind mount; "" if it is something else, or may not be written to but should."""
    if len(mounts) != 1 or not _is_bind(mounts[0]) or not mounts[0].source:
        return ""
    return "" if writable and "ro" in mounts[0].options else mounts[0].source


def folders_of(mounts: Sequence[Mount]) -> tuple[str, ...]:
    """The folders that a tree that is only read is put together from, the nearest first; none if they are not known."""
    bound = bound_folder(mounts, writable=False)
    if bound:
        return (bound,)
    overlay = overlay_of(mounts)
    if overlay is None:
        return ()
    return (overlay.upper, *overlay.lowers) if overlay.upper else overlay.lowers


def mounted(mounts: Sequence[Mount], place: str) -> str:
    """The folder of a tree: of a bind mount that which it binds, of another `place`. Only within `in_own_mounts`.

    Raises:
        OSError, RuntimeFailure: they cannot be mounted.
    """
    bound = bound_folder(mounts, writable=True)
    if bound:
        return bound
    if any("/" in mount.type for mount in mounts):
        from tiffin.manager.services.diff.transformed import mounted_in_steps

        return mounted_in_steps(mounts, place)
    make_folder(place)
    if mounts:
        mount_all(mounts, place)
    return place


def in_own_mounts(work: Callable[[], T]) -> T:
    """Runs something in a thread with a mount namespace of its own; threads that it starts are in it too."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            own_mount_namespace()
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  # it is raised where the result is wanted
            result.set_exception(error)

    thread = threading.Thread(target=run, name="tiffin-mounts")
    thread.start()
    thread.join()
    return result.result()


def place_of(root: str, name: str) -> str:
    """A folder to mount at; each name once in a thread."""
    return os.path.join(root, "mounts", name)


def _is_bind(mount: Mount) -> bool:
    """What has transforms (`mkdir/bind`) is none yet."""
    return mount.type in BINDS or ("/" not in mount.type and any(option in BINDS for option in mount.options))
