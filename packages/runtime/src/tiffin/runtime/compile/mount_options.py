"""The options of a mount (runtime-spec 1.3, config.md, "Linux mount options"; mount(8)), in one table.

`features` lists the names from here too. What is not in the table is data for the file system.
"""

from __future__ import annotations

from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# sys/mount.h
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS, MS_REMOUNT = 1, 2, 4, 8, 16, 32
MS_MANDLOCK, MS_DIRSYNC, MS_NOSYMFOLLOW, MS_NOATIME, MS_NODIRATIME = 64, 128, 256, 1024, 2048
MS_BIND, MS_REC, MS_SILENT, MS_POSIXACL = 4096, 16384, 32768, 1 << 16
MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED = 1 << 17, 1 << 18, 1 << 19, 1 << 20
MS_RELATIME, MS_I_VERSION, MS_STRICTATIME, MS_LAZYTIME = 1 << 21, 1 << 23, 1 << 24, 1 << 25

SET = {
    "acl": MS_POSIXACL, "bind": MS_BIND, "defaults": 0, "dirsync": MS_DIRSYNC, "iversion": MS_I_VERSION,
    "lazytime": MS_LAZYTIME, "mand": MS_MANDLOCK, "noatime": MS_NOATIME, "nodev": MS_NODEV, "nodiratime": MS_NODIRATIME,
    "noexec": MS_NOEXEC, "nosuid": MS_NOSUID, "nosymfollow": MS_NOSYMFOLLOW, "rbind": MS_BIND | MS_REC,
    "relatime": MS_RELATIME, "remount": MS_REMOUNT, "ro": MS_RDONLY, "silent": MS_SILENT, "strictatime": MS_STRICTATIME,
    "sync": MS_SYNCHRONOUS,
}  # fmt: skip
CLEARED = {
    "async": MS_SYNCHRONOUS, "atime": MS_NOATIME, "dev": MS_NODEV, "diratime": MS_NODIRATIME, "exec": MS_NOEXEC,
    "loud": MS_SILENT, "noacl": MS_POSIXACL, "noiversion": MS_I_VERSION, "nolazytime": MS_LAZYTIME,
    "nomand": MS_MANDLOCK, "norelatime": MS_RELATIME, "nostrictatime": MS_STRICTATIME, "rw": MS_RDONLY,
    "suid": MS_NOSUID, "symfollow": MS_NOSYMFOLLOW,
}  # fmt: skip
PROPAGATION = {
    "private": MS_PRIVATE, "rprivate": MS_PRIVATE | MS_REC, "shared": MS_SHARED, "rshared": MS_SHARED | MS_REC,
    "slave": MS_SLAVE, "rslave": MS_SLAVE | MS_REC, "unbindable": MS_UNBINDABLE, "runbindable": MS_UNBINDABLE | MS_REC,
}  # fmt: skip

# linux/mount.h, for mount_setattr(2): (set, cleared). Access times are a choice of three, cleared as one field.
ATTRIBUTE_ATIME = 0x70
RECURSIVE = {
    "rro": (0x1, 0), "rrw": (0, 0x1), "rnosuid": (0x2, 0), "rsuid": (0, 0x2), "rnodev": (0x4, 0), "rdev": (0, 0x4),
    "rnoexec": (0x8, 0), "rexec": (0, 0x8), "rnodiratime": (0x80, 0), "rdiratime": (0, 0x80),
    "rrelatime": (0, ATTRIBUTE_ATIME), "rnorelatime": (0, ATTRIBUTE_ATIME), "rnoatime": (0x10, ATTRIBUTE_ATIME),
    "ratime": (0, ATTRIBUTE_ATIME), "rstrictatime": (0x20, ATTRIBUTE_ATIME), "rnostrictatime": (0, ATTRIBUTE_ATIME),
    "rnosymfollow": (0x200000, 0), "rsymfollow": (0, 0x200000),
}  # fmt: skip
COPY_UP = "tmpcopyup"
IDMAP = ("idmap", "ridmap")


class MountOptions(Record):
    """What a list of options asks for.

    flags: MS_* to set. cleared: MS_* to remove where a bind inherits them.
    propagation: MS_* to apply afterwards, in order. attributes_set, attributes_cleared: MOUNT_ATTR_*, recursively.
    data: what the file system itself reads.
    """

    flags: int = 0
    cleared: int = 0
    propagation: tuple[int, ...] = ()
    attributes_set: int = 0
    attributes_cleared: int = 0
    data: str = ""
    copy_up: bool = False
    idmap: bool = False
    idmap_recursive: bool = False


def parse_options(options: Sequence[str]) -> MountOptions:
    """Reads a list of options; of two that contradict each other the later one counts."""
    flags = cleared = attributes_set = attributes_cleared = 0
    propagation: list[int] = []
    data: list[str] = []
    for option in options:
        if option in SET:
            flags |= SET[option]
            cleared &= ~SET[option]
        elif option in CLEARED:
            flags &= ~CLEARED[option]
            cleared |= CLEARED[option]
        elif option in PROPAGATION:
            propagation.append(PROPAGATION[option])
        elif option in RECURSIVE:
            attribute, cleared_attribute = RECURSIVE[option]
            attributes_set = attributes_set & ~cleared_attribute | attribute
            attributes_cleared = attributes_cleared & ~attribute | cleared_attribute
        elif option != COPY_UP and option not in IDMAP:
            data.append(option)
    return MountOptions(
        flags, cleared, tuple(propagation), attributes_set, attributes_cleared, ",".join(data),
        COPY_UP in options, "idmap" in options or "ridmap" in options, "ridmap" in options,
    )  # fmt: skip


def known_options() -> list[str]:
    """Every name of the table, sorted: `mountOptions` of `features`."""
    return sorted({*SET, *CLEARED, *PROPAGATION, *RECURSIVE, COPY_UP, *IDMAP})
