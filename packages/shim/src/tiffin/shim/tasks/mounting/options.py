"""Options of a mount as fstab has them, to the flags and the data of mount(2): a table."""

from __future__ import annotations

from tiffin.runtime.errors import InvalidArgument, Unsupported
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# <linux/mount.h>
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
MS_MANDLOCK, MS_DIRSYNC, MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC = 0x40, 0x80, 0x400, 0x800, 0x1000, 0x4000
MS_RELATIME, MS_STRICTATIME = 0x200000, 0x1000000
MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 0x20000, 0x40000, 0x80000, 0x100000
PROPAGATION = MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED

# option: (flags that it sets, flags that it clears)
FLAGS: Mapping[str, tuple[int, int]] = {
    "defaults": (0, 0),
    "ro": (MS_RDONLY, 0),
    "rw": (0, MS_RDONLY),
    "suid": (0, MS_NOSUID),
    "nosuid": (MS_NOSUID, 0),
    "dev": (0, MS_NODEV),
    "nodev": (MS_NODEV, 0),
    "exec": (0, MS_NOEXEC),
    "noexec": (MS_NOEXEC, 0),
    "sync": (MS_SYNCHRONOUS, 0),
    "async": (0, MS_SYNCHRONOUS),
    "dirsync": (MS_DIRSYNC, 0),
    "mand": (MS_MANDLOCK, 0),
    "nomand": (0, MS_MANDLOCK),
    "atime": (0, MS_NOATIME),
    "noatime": (MS_NOATIME, 0),
    "diratime": (0, MS_NODIRATIME),
    "nodiratime": (MS_NODIRATIME, 0),
    "relatime": (MS_RELATIME, 0),
    "norelatime": (0, MS_RELATIME),
    "strictatime": (MS_STRICTATIME, 0),
    "nostrictatime": (0, MS_STRICTATIME),
    "remount": (MS_REMOUNT, 0),
    "bind": (MS_BIND, 0),
    "rbind": (MS_BIND | MS_REC, 0),
    "shared": (MS_SHARED, 0),
    "rshared": (MS_SHARED | MS_REC, 0),
    "slave": (MS_SLAVE, 0),
    "rslave": (MS_SLAVE | MS_REC, 0),
    "private": (MS_PRIVATE, 0),
    "rprivate": (MS_PRIVATE | MS_REC, 0),
    "unbindable": (MS_UNBINDABLE, 0),
    "runbindable": (MS_UNBINDABLE | MS_REC, 0),
}
REFUSED = {
    "loop": "attach the file to a loop device first, and mount that",
    "uidmap": "have the snapshotter map the ids (an idmapped mount of each layer)",
    "gidmap": "have the snapshotter map the ids (an idmapped mount of each layer)",
}


class MountOptions(Record):
    """What mount(2) gets. flags: without those of propagation, which need a call of their own."""

    flags: int
    propagation: int
    data: tuple[str, ...]


def read_options(options: Iterable[str]) -> MountOptions:
    """Sorts options; a later one wins.

    Raises:
        Unsupported: an option that asks for more than a mount (a loop device, mapped ids).
        InvalidArgument: an option that was meant for containerd itself.
    """
    flags = 0
    data = []
    for option in options:
        name = option.partition("=")[0]
        if option in FLAGS:
            sets, clears = FLAGS[option]
            flags = (flags | sets) & ~clears
        elif name in REFUSED:
            raise Unsupported(f"mount option {option!r}: {REFUSED[name]}")
        elif name.startswith("X-containerd."):
            raise InvalidArgument(
                f"mount option {option!r} is for a mount manager, which was to take it away"
            )
        else:
            data.append(option)
    propagation = flags & PROPAGATION
    if propagation:
        propagation |= flags & MS_REC
    return MountOptions(flags & ~PROPAGATION, propagation, tuple(data))
