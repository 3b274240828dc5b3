"""What a RUN sees beside its root: files, parts of other trees, folders of the host; each is prepared first."""

from __future__ import annotations

import os
import stat
from base64 import b64decode

from tiffin.image.building.execute.mounting import Tree, mount_tree

from .agent_relay import relay
from .request import AgentMount, FileMount, FolderMount, TmpfsMount, TreeMount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Mount = FileMount | TreeMount | FolderMount | AgentMount | TmpfsMount

WHITEOUT = os.makedev(0, 0)


class ExtraMounts:
    """Args: place: where to prepare them, on a tmpfs that is ours; it is made."""

    def __init__(self, mounts: Sequence[Mount], place: str) -> None:
        self._mounts = mounts
        self._place = place

    def mount(self) -> list[dict[str, Any]]:
        """Prepares them all; the members of the runtime config's `mounts`. Raises OSError."""
        os.mkdir(self._place)
        return [self._one(mount, f"{self._place}/{number}") for number, mount in enumerate(self._mounts)]

    def _one(self, mount: Mount, place: str) -> dict[str, Any]:
        if isinstance(mount, TmpfsMount):
            options = ["nosuid", "nodev", "mode=1777", *([f"size={mount.size}"] if mount.size else [])]
            return {"destination": mount.target, "type": "tmpfs", "source": "tmpfs", "options": options}
        if isinstance(mount, FolderMount):
            return _bind(mount.target, mount.source, readonly=mount.readonly)
        if isinstance(mount, AgentMount):
            relay(mount, place)
            return _bind(mount.target, place, readonly=True)
        if isinstance(mount, FileMount):
            _write(mount, place)
            return _bind(mount.target, place, readonly=True)
        return _bind(mount.target, _tree(mount, place), readonly=not mount.writable)


def _bind(target: str, source: str, *, readonly: bool) -> dict[str, Any]:
    options = ["rbind", "nosuid", "nodev", "ro" if readonly else "rw"]
    return {"destination": target, "type": "bind", "source": source, "options": options}


def _write(mount: FileMount, path: str) -> None:
    with open(path, "xb") as file:
        file.write(b64decode(mount.content))
        os.fchown(file.fileno(), mount.uid, mount.gid)
        os.fchmod(file.fileno(), mount.mode)


def _tree(mount: TreeMount, place: str) -> str:
    """Mounts the tree; what is hidden has whiteouts in an upper folder of its own. The path of the part."""
    merged = f"{place}/merged"
    os.makedirs(merged)
    if not (mount.hidden or mount.writable):
        mount_tree(mount.tree, merged)
        return os.path.join(merged, mount.path)
    upper, work = f"{place}/upper", f"{place}/work"
    os.mkdir(upper)
    os.mkdir(work)
    if len(mount.tree.lowers) > 1:  # as one folder, so that directories can be copied from it
        lower = f"{place}/lower"
        os.mkdir(lower)
        mount_tree(mount.tree, lower)
    else:
        lower = mount.tree.lowers[0]
    _like(lower, upper)
    for path in mount.hidden:
        _hide(lower, upper, path)
    mount_tree(Tree((lower,), upper, work), merged)
    return os.path.join(merged, mount.path)


def _hide(lower: str, upper: str, path: str) -> None:
    *above, name = path.split("/")
    for part in above:
        lower, upper = f"{lower}/{part}", f"{upper}/{part}"
        if not os.path.isdir(upper):
            os.mkdir(upper)
            _like(lower, upper)
    os.mknod(f"{upper}/{name}", stat.S_IFCHR, WHITEOUT)


def _like(source: str, target: str) -> None:
    """Overlayfs shows a directory as the upper one is."""
    status = os.stat(source)
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
