"""linux.namespaces, linux.uidMappings, linux.gidMappings and linux.timeOffsets.

New namespaces are flags of the clone. Existing ones are joined by the launcher before it: as root first those that
the host's privileges are needed for and then the user namespace, as an ordinary user the other way round; the mount
namespace last, because paths are different ones in it. The cgroup namespace is unshared once the cgroup was joined.
"""

from __future__ import annotations

import posix

from ..errors import InvalidArgument, Unsupported
from ..plan.operations import (
    STEP_INIT,
    STEP_LAUNCHER,
    STEP_MAPPING,
    become_root,
    join_namespace,
    map_ids,
    new_namespaces,
    time_offsets,
    unshare_namespaces,
)
from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.tree import ConfigTree, IDMappingTree, LinuxTree, NamespaceTree

    from ..plan.operation import Operation

FLAGS = {  # linux/sched.h
    "time": 0x80, "mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
    "pid": 0x20000000, "network": 0x40000000,
}  # fmt: skip
JOINED_FIRST = ("ipc", "uts", "network", "pid", "cgroup", "time")
MADE_EARLY = ("network", "ipc", "uts")
NEWUIDMAP, NEWGIDMAP = "newuidmap", "newgidmap"
PROGRAM_FOLDERS = ("/usr/bin", "/bin", "/usr/local/bin")


class Namespaces(Record):
    """The namespaces of a container: (type, path, JSON path); an empty path makes a new one."""

    rows: tuple[tuple[str, str, str], ...]

    def has(self, kind: str) -> bool:
        return any(row[0] == kind for row in self.rows)

    def is_new(self, kind: str) -> bool:
        return any(row[0] == kind and not row[1] for row in self.rows)

    def path(self, kind: str) -> str:
        """The path of the one that is joined; "" if it is new, or there is none."""
        return next((path for own, path, _ in self.rows if own == kind), "")

    def flags(self) -> int:
        """The CLONE_NEW* flags of all of them, made or joined."""
        return sum(FLAGS[kind] for kind, _, _ in self.rows)


def namespaces_of(config: ConfigTree) -> Namespaces:
    """Reads the list of the config.

    Raises:
        InvalidArgument: there is no user namespace, and without root nothing works without one.
    """
    found: Sequence[NamespaceTree] = config.get("linux", {}).get("namespaces", ())
    rows = tuple(
        (each["type"], each.get("path", ""), f"linux.namespaces[{index}]") for index, each in enumerate(found)
    )
    namespaces = Namespaces(rows)
    if posix.geteuid() != 0 and not namespaces.has("user"):
        raise InvalidArgument("linux.namespaces: without root a container needs a user namespace")
    return namespaces


def launcher_operations(namespaces: Namespaces, linux: LinuxTree) -> list[Operation]:
    """Joins what is to be joined, and collects the flags of the clone."""
    paths = {kind: (path, where) for kind, path, where in namespaces.rows if path}
    order = (*JOINED_FIRST, "user", "mount") if posix.geteuid() == 0 else ("user", *JOINED_FIRST, "mount")
    operations = [
        join_namespace(STEP_LAUNCHER, paths[kind][1], paths[kind][0], FLAGS[kind])
        for kind in order
        if kind in paths
    ]
    late = _made_late(namespaces, linux)
    flags = sum(FLAGS[kind] for kind, path, _ in namespaces.rows if not path and kind not in late)
    operations.append(new_namespaces(STEP_LAUNCHER, "linux.namespaces", flags))
    return operations


def early_namespaces(config: ConfigTree) -> int:
    """The CLONE_NEW* flags of those that the launcher can make before there is a plan, and be in itself.

    It does nothing that they matter for. With a user namespace none: they are to belong to that one.
    """
    found: Sequence[NamespaceTree] = config.get("linux", {}).get("namespaces", ())
    new = {each["type"] for each in found if not each.get("path")}
    if any(each["type"] == "user" for each in found):
        return 0
    return sum(FLAGS[kind] for kind in MADE_EARLY if kind in new)


def _made_late(namespaces: Namespaces, linux: LinuxTree) -> tuple[str, ...]:
    """Not made by the clone: cgroup, whose root is the cgroup that was joined; ipc, whose message queues belong to who
    makes it; time, if its clocks are set before anybody is in it."""
    late = ["cgroup"]
    if namespaces.has("user"):
        late.append("ipc")
    if linux.get("timeOffsets"):
        late.append("time")
    return tuple(late)


def mapping_operations(namespaces: Namespaces, linux: LinuxTree) -> list[Operation]:
    """The id mappings of a new user namespace, which the launcher writes while init waits.

    Raises:
        Unsupported: an ordinary user asks for more than the own id, and newuidmap or newgidmap is not installed.
    """
    if not namespaces.is_new("user"):
        return []
    uids, gids = linux.get("uidMappings", ()), linux.get("gidMappings", ())
    setgroups = uid_tool = gid_tool = None
    if posix.geteuid() != 0:
        uid_tool = None if _is_only(uids, posix.geteuid()) else _program(NEWUIDMAP)
        gid_tool = None if _is_only(gids, posix.getegid()) else _program(NEWGIDMAP)
        setgroups = "deny" if gives_up_groups(namespaces, linux) else None
    maps = mapping_text(uids), mapping_text(gids)
    return [map_ids(STEP_MAPPING, "linux.uidMappings", *maps, setgroups, uid_tool, gid_tool)]


def gives_up_groups(namespaces: Namespaces, linux: LinuxTree) -> bool:
    """Whether the one gid is mapped without newgidmap, for which the kernel demands that setgroups is denied."""
    return (
        namespaces.is_new("user")
        and posix.geteuid() != 0
        and _is_only(linux.get("gidMappings", ()), posix.getegid())
    )


def check_mapped(namespaces: Namespaces, config: ConfigTree) -> None:
    """Makes sure that a new user namespace has the ids of the process.

    Raises:
        InvalidArgument: it has not.
    """
    if not namespaces.is_new("user"):
        return
    linux, user = config.get("linux", {}), config.get("process", {}).get("user", {})
    for name, rows, key in (
        ("uid", linux.get("uidMappings", ()), "uidMappings"),
        ("gid", linux.get("gidMappings", ()), "gidMappings"),
    ):
        own: int = user.get(name, 0)  # type: ignore[assignment]  # a TypedDict read by a variable
        if not any(0 <= own - row.get("containerID", 0) < row.get("size", 0) for row in rows):
            raise InvalidArgument(f"process.user.{name}: {own} is not mapped by linux.{key}")


def mapping_text(rows: Sequence[IDMappingTree]) -> str:
    """The lines of uid_map and gid_map (user_namespaces(7))."""
    return "".join(
        f"{row.get('containerID', 0)} {row.get('hostID', 0)} {row.get('size', 0)}\n" for row in rows
    )


def root_operations(namespaces: Namespaces) -> list[Operation]:
    """Init takes the ids of root in its user namespace."""
    return [become_root(STEP_INIT, "linux.uidMappings", 0, 0)] if namespaces.has("user") else []


def late_operations(namespaces: Namespaces, linux: LinuxTree) -> list[Operation]:
    """What init makes itself, as root of its user namespace and in its cgroup."""
    late = _made_late(namespaces, linux)
    flags = sum(
        FLAGS[kind] for kind, path, _ in namespaces.rows if not path and kind in late and kind != "time"
    )
    operations: list[Operation] = [unshare_namespaces(STEP_INIT, "linux.namespaces", flags)] if flags else []
    offsets = linux.get("timeOffsets", {})
    if offsets and namespaces.is_new("time"):
        lines = "".join(
            f"{clock} {offset.get('secs', 0)} {offset.get('nanosecs', 0)}\n"
            for clock, offset in offsets.items()
        )
        operations.append(time_offsets(STEP_INIT, "linux.timeOffsets", lines))
    return operations


def _is_only(rows: Sequence[IDMappingTree], own: int) -> bool:
    """Whether it is the one mapping that the kernel lets everybody write."""
    return len(rows) == 1 and rows[0].get("hostID", 0) == own and rows[0].get("size") == 1


def _program(name: str) -> str:
    for folder in PROGRAM_FOLDERS:
        if posix.access(f"{folder}/{name}", posix.X_OK):
            return f"{folder}/{name}"
    raise Unsupported(
        f"linux.uidMappings: needs {name}, which is not installed (on Debian: apt install uidmap)"
    )
