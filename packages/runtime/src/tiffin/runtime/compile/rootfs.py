"""root, linux.rootfsPropagation, maskedPaths and readonlyPaths: from the host's tree to the container's /."""

from __future__ import annotations

from ..plan.operations import (
    PIVOT_CHROOT,
    PIVOT_MOVE,
    ROOTFS_NO_BIND,
    STEP_INIT,
    make_path,
    mask_path,
    open_rootfs,
    pivot_root,
    readonly_path,
    remount_masked,
    remount_root,
    set_propagation,
)
from .mount_options import (
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_SLAVE,
    MS_UNBINDABLE,
    PROPAGATION,
    parse_options,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree, LinuxTree

    from ..plan.operation import Operation

PROPAGATION_WHERE = "linux.rootfsPropagation"
DIRECTORY_MODE = 0o755


def opening_operations(linux: LinuxTree, rootfs: str, *, own_mounts: bool) -> list[Operation]:
    """Cuts the mounts off from the host, and makes the rootfs a mount of its own.

    Args:
        own_mounts: there is a mount namespace; else the host's mounts must not be touched.
    """
    if not own_mounts:
        return [open_rootfs(STEP_INIT, "root.path", rootfs, ROOTFS_NO_BIND)]
    flags = PROPAGATION.get(linux.get("rootfsPropagation", ""), MS_SLAVE | MS_REC)
    if flags & MS_UNBINDABLE:  # not yet: the rootfs could not be bound
        flags = MS_PRIVATE | MS_REC
    return [
        set_propagation(STEP_INIT, PROPAGATION_WHERE, "/", flags),
        open_rootfs(STEP_INIT, "root.path", rootfs, 0),
    ]


def pivot_operations(config: ConfigTree, *, own_mounts: bool, no_pivot: bool) -> list[Operation]:
    """Makes the rootfs /, then its propagation, the working directory, and what becomes read-only late."""
    options = PIVOT_CHROOT if not own_mounts else PIVOT_MOVE if no_pivot else 0
    operations = [pivot_root(STEP_INIT, "root.path", options)]
    flags = PROPAGATION.get(config.get("linux", {}).get("rootfsPropagation", ""), 0)
    if own_mounts and flags and not flags & (MS_PRIVATE | MS_UNBINDABLE):  # it is private already
        operations.append(set_propagation(STEP_INIT, PROPAGATION_WHERE, "/", flags))
    cwd = config.get("process", {}).get("cwd", "/")
    if cwd != "/":
        operations.append(make_path(STEP_INIT, "process.cwd", cwd, DIRECTORY_MODE))
    return operations


def readonly_operations(config: ConfigTree, *, own_mounts: bool) -> list[Operation]:
    """Read-only at last: /dev and every tmpfs that asked for it (they had to be filled), and the root itself."""
    operations = []
    for index, mount in enumerate(config.get("mounts", ())):
        if mount.get("type") == "tmpfs" or clean(mount["destination"]) == "/dev":
            flags = parse_options(mount.get("options", ())).flags
            if flags & MS_RDONLY:
                operations.append(
                    remount_masked(
                        STEP_INIT, f"mounts[{index}]", clean(mount["destination"]), flags & ~MS_REC
                    )
                )
    if own_mounts and config.get("root", {}).get("readonly"):
        operations.append(remount_root(STEP_INIT, "root.readonly", MS_RDONLY))
    return operations


def hidden_operations(linux: LinuxTree) -> list[Operation]:
    """Read-only paths, then masked ones, which may lie below them."""
    label = linux.get("mountLabel") or None
    return [
        *(
            readonly_path(STEP_INIT, f"linux.readonlyPaths[{index}]", path)
            for index, path in enumerate(linux.get("readonlyPaths", ()))
        ),
        *(
            mask_path(STEP_INIT, f"linux.maskedPaths[{index}]", path, label)
            for index, path in enumerate(linux.get("maskedPaths", ()))
        ),
    ]


def unbindable_operations(linux: LinuxTree) -> list[Operation]:
    """An unbindable root becomes so when all that is bound from it was: read-only and masked paths too."""
    flags = PROPAGATION.get(linux.get("rootfsPropagation", ""), 0)
    return [set_propagation(STEP_INIT, PROPAGATION_WHERE, "/", flags)] if flags & MS_UNBINDABLE else []


def clean(path: str) -> str:
    """A path inside the rootfs as text: absolute, without `.`, `..` and doubled slashes."""
    if "/." not in path and "//" not in path and path[:1] == "/" and path[-1:] != "/":
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)
