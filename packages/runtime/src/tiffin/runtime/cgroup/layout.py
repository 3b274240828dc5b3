"""`Layout`: which cgroup hierarchies this host has, where they are mounted, and where this process is in them.

Three layouts exist: v2 (one tree, at /sys/fs/cgroup itself), v1 (a tree for each controller or group of
controllers) and hybrid (v1, and a cgroup v2 beside it that has few controllers or none). Reading
/proc/self/mountinfo costs milliseconds on a host with many containers, so the usual places are tried first.
"""

from __future__ import annotations

import posix

from ..record import Record
from .files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CGROUP_ROOT = "/sys/fs/cgroup"
PROCESS = "/proc/self"


class Hierarchy(Record):
    """One mounted cgroup tree.

    controllers: as in /proc/self/cgroup: `("cpu", "cpuacct")`, `("name=systemd",)`; empty for cgroup v2.
    mount_point: its directory.
    own: the cgroup of this process in it, as /proc/self/cgroup tells.
    root: the cgroup that the mount point shows. It is not `/` in a container that has no cgroup namespace;
        only `with_roots` finds it out.
    """

    controllers: tuple[str, ...]
    mount_point: str
    own: str
    root: str = "/"


class Layout(Record):
    """What is mounted.

    version: 2 for the unified layout, 1 for v1 and hybrid, 0 if no cgroup file system is mounted.
    hierarchies: the trees of cgroup v1.
    unified: the tree of cgroup v2, if there is one.
    rooted: `with_roots` made it.
    """

    version: int
    hierarchies: tuple[Hierarchy, ...] = ()
    unified: Hierarchy | None = None
    rooted: bool = False

    def find(self, controller: str) -> Hierarchy | None:
        """The v1 tree that has this controller (or `name=systemd`), or None."""
        for hierarchy in self.hierarchies:
            if controller in hierarchy.controllers:
                return hierarchy
        return None


def detect_layout(*, root: str = CGROUP_ROOT, process: str = PROCESS) -> Layout:
    """Finds out the layout; a missing /proc or /sys/fs/cgroup is a layout of version 0.

    Args:
        root: where cgroups are usually mounted.
        process: the directory in /proc of this process.
    """
    memberships = parse_memberships(read_text(f"{process}/cgroup") or "")
    layout = _usual_places(root, memberships)
    if layout is None:
        layout = parse_mounts(read_text(f"{process}/mountinfo") or "", memberships, root)
    return layout


def with_roots(layout: Layout, *, root: str = CGROUP_ROOT, process: str = PROCESS) -> Layout:
    """The same layout with `Hierarchy.root` as mountinfo tells; needed for paths relative to our own cgroup."""
    trees = layout.hierarchies if layout.unified is None else (*layout.hierarchies, layout.unified)
    if layout.rooted or all(tree.own == "/" for tree in trees):
        return layout
    memberships = parse_memberships(read_text(f"{process}/cgroup") or "")
    return parse_mounts(read_text(f"{process}/mountinfo") or "", memberships, root).replace(rooted=True)


def parse_memberships(text: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """(controllers, path) for each line of /proc/PID/cgroup (cgroups(7)); no controllers: cgroup v2."""
    found = []
    for line in text.splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            controllers = tuple(fields[1].split(",")) if fields[1] else ()
            found.append((controllers, fields[2].removesuffix(" (deleted)")))
    return tuple(found)


def _usual_places(root: str, memberships: tuple[tuple[tuple[str, ...], str], ...]) -> Layout | None:
    """The layout if every tree is mounted where distributions mount it, else None."""
    unified = None
    hierarchies = []
    for controllers, own in memberships:
        if controllers:
            place = f"{root}/{','.join(controllers).removeprefix('name=')}"
            if not posix.access(f"{place}/cgroup.procs", posix.F_OK):
                return None
            hierarchies.append(Hierarchy(controllers, place, own, "/"))
        elif posix.access(f"{root}/cgroup.controllers", posix.F_OK):
            return Layout(2, (), Hierarchy((), root, own, "/"))
        elif posix.access(f"{root}/unified/cgroup.controllers", posix.F_OK):
            unified = Hierarchy((), f"{root}/unified", own, "/")
    # The latest tree stands first there, and last in mountinfo.
    return Layout(1, tuple(reversed(hierarchies)), unified) if hierarchies else None


def parse_mounts(text: str, memberships: tuple[tuple[tuple[str, ...], str], ...], root: str) -> Layout:
    """The layout from mountinfo; the first mount of each tree counts (proc_pid_mountinfo(5))."""
    owns = {controller: own for controllers, own in memberships for controller in controllers}
    own2 = next((own for controllers, own in memberships if not controllers), "/")
    hierarchies: list[Hierarchy] = []
    unified: Hierarchy | None = None
    seen: set[str] = set()
    for kind, mount_point, mount_root, options in _cgroup_mounts(text):
        if kind == "cgroup2":
            if unified is None or mount_point == root:
                unified = Hierarchy((), mount_point, own2, mount_root)
            continue
        controllers = tuple(option for option in options.split(",") if option in owns and option not in seen)
        if controllers:
            seen.update(controllers)
            hierarchies.append(Hierarchy(controllers, mount_point, owns[controllers[0]], mount_root))
    if unified is not None and (unified.mount_point == root or not hierarchies):
        return Layout(2, (), unified)
    return Layout(1 if hierarchies else 0, tuple(hierarchies), unified)


def _cgroup_mounts(text: str) -> Iterator[tuple[str, str, str, str]]:
    """(type, mount point, root, super options) of each cgroup mount."""
    for line in text.splitlines():
        if " - cgroup" in line:
            before, _, after = line.partition(" - ")
            fields, (kind, _, options) = before.split(" "), after.split(" ", 2)
            yield kind, _unescape(fields[4]), _unescape(fields[3]), options


def _unescape(path: str) -> str:
    """Undoes mountinfo's octal escapes of space, tab, newline and backslash."""
    if "\\" not in path:
        return path
    first, *rest = path.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)
