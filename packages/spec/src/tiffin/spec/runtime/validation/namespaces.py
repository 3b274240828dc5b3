"""Rules of namespaces, and of what is only allowed inside one: mappings, clocks, sysctl, hidden paths."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.spec.runtime.validation.problem import Tree

_NAMESPACES = "config-linux.md: Namespaces"
_MAPPINGS = "config-linux.md: User namespace mappings"
_TIME = "config-linux.md: Offset for Time Namespace"
_SYSCTL = "config-linux.md: Sysctl"
_ID_COUNT = 2**32
_MAPPING_LIMIT = 340  # user_namespaces(7), since Linux 4.15
_IPC_SYSCTL = ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")


def _paths(config: Tree) -> dict[str, str]:
    """Type to path, empty for a new one, of the namespaces that are given."""
    given = (config.get("linux") or {}).get("namespaces") or ()
    return {one["type"]: one.get("path") or "" for one in given if one.get("type")}


def unique(config: Tree) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, namespace in enumerate((config.get("linux") or {}).get("namespaces") or ()):
        kind, path = namespace.get("type"), namespace.get("path")
        where = f"linux.namespaces[{index}]"
        if kind in seen:
            message = f"{kind} is also in namespaces[{seen[kind]}]"
            yield Problem(where + ".type", message, "namespaces.unique", _NAMESPACES)
        if kind:
            seen[kind] = index
        if path and not path.startswith("/"):
            message = f"{path!r} is not an absolute path"
            yield Problem(where + ".path", message, "namespaces.path", _NAMESPACES)


def user(config: Tree) -> Iterator[Problem]:
    linux, paths = config.get("linux") or {}, _paths(config)
    given = [name for name in ("uidMappings", "gidMappings") if linux.get(name)]
    if "user" not in paths:
        for name in given:
            message = "means nothing without a namespace of type user"
            yield Problem(f"linux.{name}", message, "user.namespace", _MAPPINGS, WARNING)
    elif paths["user"] and given:
        message = "the namespace that is joined has its own; these must be the same"
        yield Problem(f"linux.{given[0]}", message, "user.joined", _MAPPINGS, WARNING)
    elif not paths["user"] and len(given) < 2:
        for name in ("uidMappings", "gidMappings"):
            if name not in given:
                yield Problem(f"linux.{name}", "a new user namespace needs it", "user.mappings", _MAPPINGS)


def mappings(config: Tree) -> Iterator[Problem]:
    """Of the container, and of each mount."""
    linux = config.get("linux") or {}
    yield from _mapping_list(linux.get("uidMappings") or (), "linux.uidMappings")
    yield from _mapping_list(linux.get("gidMappings") or (), "linux.gidMappings")
    for index, mount in enumerate(config.get("mounts") or ()):
        yield from _mapping_list(mount.get("uidMappings") or (), f"mounts[{index}].uidMappings")
        yield from _mapping_list(mount.get("gidMappings") or (), f"mounts[{index}].gidMappings")


def _mapping_list(mappings: Sequence[Tree], path: str) -> Iterator[Problem]:
    """user_namespaces(7): ranges that are not empty, fit into 32 bits, and do not overlap on either side."""
    if len(mappings) > _MAPPING_LIMIT:
        message = f"has {len(mappings)} entries, the kernel takes {_MAPPING_LIMIT}"
        yield Problem(path, message, "mappings.count", _MAPPINGS)
        return
    for index, one in enumerate(mappings):
        size = one.get("size") or 0
        if not size:
            yield Problem(f"{path}[{index}].size", "is 0", "mappings.size", _MAPPINGS)
        for side in ("containerID", "hostID"):
            start = one.get(side) or 0
            if isinstance(start, int) and start + size > _ID_COUNT:
                message = f"{start} and {size} ids go beyond 32 bits"
                yield Problem(f"{path}[{index}].{side}", message, "mappings.range", _MAPPINGS)
    for side in ("containerID", "hostID"):
        spans = [(one.get(side) or 0, one.get("size") or 0, index) for index, one in enumerate(mappings)]
        end, before = 0, 0
        for start, size, index in sorted(spans):
            if start < end:
                message = f"overlaps with entry {before}"
                yield Problem(f"{path}[{index}].{side}", message, "mappings.overlap", _MAPPINGS)
            if start + size > end:
                end, before = start + size, index


def clocks(config: Tree) -> Iterator[Problem]:
    offsets = (config.get("linux") or {}).get("timeOffsets")
    if not offsets:
        return
    paths = _paths(config)
    if "time" not in paths:
        yield Problem("linux.timeOffsets", "needs a namespace of type time", "time.namespace", _TIME)
    elif paths["time"]:
        yield Problem(
            "linux.timeOffsets", "cannot be set in a namespace that is joined", "time.joined", _TIME
        )
    for clock, offset in offsets.items():
        where = f'linux.timeOffsets["{clock}"]'
        if clock not in ("monotonic", "boottime"):
            yield Problem(where, "is neither monotonic nor boottime", "time.clock", _TIME)
        if (offset.get("nanosecs") or 0) > 999_999_999:
            yield Problem(where + ".nanosecs", "is a second or more", "time.nanosecs", _TIME)


def hidden_paths(config: Tree) -> Iterator[Problem]:
    linux, paths = config.get("linux") or {}, _paths(config)
    for name, section in (
        ("maskedPaths", "config-linux.md: Masked Paths"),
        ("readonlyPaths", "config-linux.md: Readonly Paths"),
    ):
        listed = linux.get(name)
        if not isinstance(listed, list) or not listed:
            continue
        if "mount" not in paths:
            yield Problem(f"linux.{name}", "needs a namespace of type mount", "paths.namespace", section)
        for index, path in enumerate(listed):
            if not path.startswith("/"):
                message = f"{path!r} is not an absolute path"
                yield Problem(f"linux.{name}[{index}]", message, "paths.absolute", section, WARNING)


def sysctl(config: Tree) -> Iterator[Problem]:
    """Only what belongs to a namespace of the container may be written, or it would change the host."""
    settings = (config.get("linux") or {}).get("sysctl")
    if not settings:
        return
    paths = _paths(config)
    for key in settings:
        where = f'linux.sysctl["{key}"]'
        needed = _sysctl_namespace(key)
        if needed is None:
            yield Problem(where, "does not belong to a namespace", "sysctl.known", _SYSCTL)
        elif needed not in paths:
            yield Problem(where, f"needs a namespace of type {needed}", "sysctl.namespace", _SYSCTL)
        elif key in ("kernel.hostname", "kernel/hostname"):
            yield Problem(where, "is what `hostname` is for", "sysctl.hostname", _SYSCTL)


def _sysctl_namespace(key: str) -> str | None:
    """The type of namespace that a key belongs to; sysctl.d(5) tells when / stands for . in it."""
    first = next((character for character in key if character in "./"), ".")
    if first == "/":
        key = "".join({".": "/", "/": "."}.get(character, character) for character in key)
    if "/../" in f"/{key.replace('.', '/')}/" or "//" in key or ".." in key:
        return None
    if key.startswith("fs.mqueue.") or (
        key.removeprefix("kernel.") in _IPC_SYSCTL and key.startswith("kernel.")
    ):
        return "ipc"
    if key.startswith("net."):
        return "network"
    if key in ("kernel.domainname", "kernel.hostname"):
        return "uts"
    return "user" if key.startswith("user.") else None


RULES = (unique, user, mappings, clocks, hidden_paths, sysctl)
