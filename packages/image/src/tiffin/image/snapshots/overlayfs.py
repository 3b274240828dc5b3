"""The snapshotter `overlayfs`: a snapshot is one layer of an overlay. Laid out as containerd does:

<root>/snapshots/<id>/fs     what this layer adds to its parents
                     /work   for the kernel; not for a view
"""

from __future__ import annotations

import os

from tiffin.image.snapshots.local import LocalSnapshotter
from tiffin.image.snapshots.protocol import Kind, Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope

INDEX = "/sys/module/overlay/parameters/index"


class OverlayBackend:
    """`Backend` of overlays.

    Args:
        options: mount options that come first: `index=off` where the kernel has it, `userxattr` for rootless mounts.
    """

    name = "overlayfs"
    stacks = True

    def __init__(self, options: tuple[str, ...]) -> None:
        self.options = options

    def fill(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> None:
        """As the protocol says."""
        own = os.path.join(folder, "fs")
        os.mkdir(own, 0o755)
        os.chmod(own, 0o755)  # noqa: S103  # a root directory; whatever the umask
        if kind is Kind.ACTIVE:
            os.mkdir(os.path.join(folder, "work"), 0o711)
        if parents:  # the root of an overlay has the mode and the owner of its upper folder
            status = os.stat(os.path.join(parents[0], "fs"))
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(own, status.st_uid, status.st_gid)
            os.chmod(own, status.st_mode & 0o7777)

    def mounts(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> tuple[Mount, ...]:
        """As the protocol says: a bind mount where one folder is all there is, else an overlay."""
        own = os.path.join(folder, "fs")
        if not parents:
            return (Mount("bind", own, ("rw" if kind is Kind.ACTIVE else "ro", "rbind")),)
        lower = [os.path.join(path, "fs") for path in parents]
        if kind is Kind.VIEW and len(lower) == 1:
            return (Mount("bind", lower[0], ("ro", "rbind")),)
        options = list(self.options)
        if kind is Kind.ACTIVE:
            options += [f"workdir={escaped(os.path.join(folder, 'work'))}", f"upperdir={escaped(own)}"]
        options.append("lowerdir=" + ":".join(map(escaped, lower)))
        return (Mount("overlay", "overlay", tuple(options)),)

    def data(self, folder: str) -> str:
        """As the protocol says."""
        return os.path.join(folder, "fs")


def escaped(path: str) -> str:
    """A path in overlayfs's options: colons part lower folders, commas part options."""
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def default_options() -> tuple[str, ...]:
    """What containerd sets: no index, which would refuse a copied lower folder; userxattr without real root."""
    options = ["index=off"] if os.path.exists(INDEX) else []
    with open("/proc/self/uid_map") as file:
        real_root = os.geteuid() == 0 and file.read().split() == ["0", "0", "4294967295"]
    return tuple(options if real_root else [*options, "userxattr"])


def overlay_snapshotter(
    root: str, database: Database, scope: Scope | None = None, *, userxattr: bool | None = None
) -> LocalSnapshotter:
    """The snapshotter `overlayfs`. userxattr: None decides by who we are (`default_options`)."""
    options = default_options()
    if userxattr is not None:
        options = tuple(option for option in options if option != "userxattr")
        options += ("userxattr",) if userxattr else ()
    return LocalSnapshotter(root, database, OverlayBackend(options), scope)
