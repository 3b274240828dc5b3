"""Which cgroup hierarchies are mounted, with which controllers, and whether this user may make groups in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .finding import Finding

V2_ALWAYS = frozenset({"freezer", "devices"})  # v2 has these without a controller: cgroup.freeze, eBPF
V1_NAMES = {"io": "blkio"}


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy.

    Args:
        version: 1 or 2.
        mount: its mount point.
        controllers: as v1 names them, or as v2's cgroup.controllers lists them.
        own: the directory of this process's cgroup in it (the mount point where that is out of sight).
    """

    version: int
    mount: Path
    controllers: frozenset[str]
    own: Path


def hierarchies(proc: Path = Path("/proc")) -> list[Hierarchy]:
    """All mounted hierarchies, each at the first place where it is mounted; from mountinfo and cgroup of proc(5)."""
    memberships = _memberships(proc)
    found: dict[str, Hierarchy] = {}
    for line in (proc / "self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind not in {"cgroup", "cgroup2"}:
            continue
        _, _, device, root, point, *_ = left.split(" ")
        if device in found:
            continue
        mount = Path(point.encode().decode("unicode_escape"))
        if kind == "cgroup2":
            listed = mount / "cgroup.controllers"
            controllers = frozenset(listed.read_text().split() if listed.exists() else ())
            own = memberships.get("", "/")
        else:
            controllers = frozenset(options.split(" ")[-1].split(",")) & (memberships.keys() - {""})
            own = next((memberships[name] for name in controllers), "/")
        version = 2 if kind == "cgroup2" else 1
        found[device] = Hierarchy(version, mount, controllers, _seen_at(mount, root, own))
    return list(found.values())


def _memberships(proc: Path) -> dict[str, str]:
    """v1 controller (or "" for v2) to the path of this process's cgroup."""
    found = {}
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        found.update(dict.fromkeys(names.split(","), path))
    return found


def _seen_at(mount: Path, root: str, own: str) -> Path:
    relative = own.removeprefix(root).lstrip("/") if own.startswith(root) else ""
    inside = mount / relative
    return inside if inside.is_dir() else mount


def controllers_of(version: int) -> frozenset[str]:
    """Real controllers (not `name=...`) of all hierarchies of this version."""
    return frozenset(name for each in hierarchies() if each.version == version for name in each.controllers)


def version_1() -> Finding:
    names = sorted(name for name in controllers_of(1) if "=" not in name)
    return Finding(bool(names), ", ".join(names) or "no v1 controller is mounted")


def version_2() -> Finding:
    """Version 2 alone, with its controllers."""
    names = sorted(controllers_of(2))
    if version_1().available:
        return Finding(False, "v1 controllers are mounted too")
    return Finding(bool(names), ", ".join(names) or "no cgroup2 file system with controllers is mounted")


def hybrid() -> Finding:
    """Version 1 controllers, and a cgroup2 beside them."""
    mounts = [str(each.mount) for each in hierarchies() if each.version == 2]
    if not version_1().available:
        return Finding(False, "no v1 controller is mounted")
    return Finding(bool(mounts), f"cgroup2 at {mounts[0]}" if mounts else "no cgroup2 file system is mounted")


def controller(name: str) -> Finding:
    """A controller, in whichever version it is there."""
    for each in hierarchies():
        wanted = V1_NAMES.get(name, name) if each.version == 1 else name
        if wanted in each.controllers:
            return Finding(True, f"v{each.version}, {each.mount}")
    if name in V2_ALWAYS and version_2().available:
        return Finding(True, "v2, part of its core")
    return Finding(False, "not mounted")


def writable() -> Finding:
    """Makes a group below this process's own one in each hierarchy, and removes it again."""
    closed: dict[str, list[str]] = {}  # reason to mount points
    every = hierarchies()
    # another thread, or a process of this number in another pid namespace, may do the same just now
    name = f"tiffin-probe-{os.getpid()}-{os.urandom(4).hex()}"
    for each in every:
        group = each.own / name
        try:
            group.mkdir()
        except OSError as error:
            closed.setdefault(error.strerror or str(error), []).append(str(each.mount))
        else:
            group.rmdir()
    if not every:
        return Finding(False, "no cgroup file system is mounted")
    if not closed:
        return Finding(True, f"all {len(every)} hierarchies")
    return Finding(False, "; ".join(f"{reason}: {', '.join(mounts)}" for reason, mounts in closed.items()))
