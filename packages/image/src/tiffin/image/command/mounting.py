"""Mounting images of the store: a snapshot, kept by a label of its own, at a folder.

The snapshot is made before the mount and removed after it: killed in between, a snapshot without a mount is left,
which `unmount` of the folder removes.
"""

from __future__ import annotations

import secrets
from errno import EBUSY, EINVAL, ENOENT

from tiffin.image.errors import AlreadyExists, FailedPrecondition, NotFound
from tiffin.image.kernel import umount2
from tiffin.image.metadata.labels import GC_ROOT
from tiffin.image.snapshots.mounting import mount_all
from tiffin.image.snapshots.protocol import Kind
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.store.store import Store

PLACE, IMAGE = "dev.tiffin/mounted-at", "dev.tiffin/mounted-image"
UMOUNT_NOFOLLOW = 8


class MountedImage(Record):
    """image: its name. place: the folder. writable: what is written there is lost with the mount."""

    image: str
    place: str
    writable: bool


def mount_image(store: Store, image: str, chain_id: str, place: str, *, writable: bool) -> None:
    """Mounts an unpacked image.

    Args:
        image: its name, to be shown. chain_id: what is mounted. place: a folder, which must be there.

    Raises:
        AlreadyExists: one of ours is mounted there. NotFound: it is not unpacked.
        OSError: EPERM without root.
    """
    if any(mounted.place == place for mounted in mounted_images(store)):
        raise AlreadyExists(f"an image is mounted at {place!r} already: unmount it first")
    snapshots = store.snapshots
    key = f"mount-{secrets.token_hex(8)}"
    labels = {GC_ROOT: "mounted", PLACE: place, IMAGE: image}
    make = snapshots.prepare if writable else snapshots.view
    mounts = make(key, chain_id, labels=labels)
    try:
        mount_all(mounts, place)
    except BaseException:
        snapshots.remove(key)
        raise


def unmount_image(store: Store, place: str) -> None:
    """Unmounts, and removes the snapshot.

    Raises:
        NotFound: no image is mounted there. FailedPrecondition: somebody is using it.
        OSError: EPERM without root.
    """
    keys = [info.key for info in store.snapshots.walk() if info.labels.get(PLACE) == place]
    if not keys:
        raise NotFound(f"no image is mounted at {place!r}; `tiffin-image mount` shows which are, and where")
    try:
        umount2(place, UMOUNT_NOFOLLOW)
    except OSError as error:
        if error.errno == EBUSY:
            raise FailedPrecondition(f"{place!r} is in use: `fuser -vm {place}` shows by whom") from error
        if error.errno not in (
            EINVAL,
            ENOENT,
        ):  # EINVAL: nothing is mounted there any more, after a reboot say
            raise
    for key in keys:
        store.snapshots.remove(key)


def unmount_all(store: Store) -> None:
    """Unmounts all that can be; then raises what came first of the rest, with the others as notes."""
    failures: list[FailedPrecondition | OSError] = []
    for place in dict.fromkeys(mounted.place for mounted in mounted_images(store)):
        try:
            unmount_image(store, place)
        except (FailedPrecondition, OSError) as error:
            failures.append(error)
    if failures:
        for failure in failures[1:]:
            failures[0].add_note(str(failure))
        raise failures[0]


def mounted_images(store: Store) -> Iterator[MountedImage]:
    """All that are mounted, or were when the machine stopped."""
    for info in store.snapshots.walk():
        if PLACE in info.labels:
            writable = info.kind is Kind.ACTIVE
            yield MountedImage(info.labels.get(IMAGE, ""), info.labels[PLACE], writable)
