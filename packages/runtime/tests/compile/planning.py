"""Plans of small configs, as a test wants to look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tiffin.runtime.cgroup.none import NoCgroups
from tiffin.runtime.compile.create import CreateRequest, plan_create
from tiffin.runtime.compile.execute import ExecRequest, plan_exec
from tiffin.runtime.plan.describe import ROWS, STEP_NAMES
from tiffin.runtime.plan.operation import Operation, Plan
from tiffin.runtime.plan.operations import STEP_LAUNCHER, make_directory, write_pid
from tiffin.runtime.state.container_state import ContainerState

Config = dict[str, Any]
BUNDLE, ROOTFS, GROUP = "/bundle", "/bundle/rootfs", "/sys/fs/cgroup/one"
EVERY = ("pid", "network", "ipc", "uts", "mount", "cgroup")
IDS = [{"containerID": 0, "hostID": 100000, "size": 65536}]


class Seen(NamedTuple):
    """One operation: its name, who executes it, the JSON path, and its fields by name."""

    name: str
    step: str
    where: str
    fields: dict[str, Any]


class OneGroup(NoCgroups):
    """A manager with a single cgroup, which the launcher makes and joins."""

    def __init__(self, paths: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._paths = dict(paths or {"unified": GROUP})

    def paths(self) -> dict[str, str]:
        return self._paths

    def create_operations(
        self,
        resources: Mapping[str, Any] | None,  # noqa: ARG002  # the manager's
        *,
        devices: Sequence[Mapping[str, Any]] = (),  # noqa: ARG002
        devices_step: int = STEP_LAUNCHER,
    ) -> tuple[Operation, ...]:
        made = make_directory(STEP_LAUNCHER, "linux.cgroupsPath", GROUP, 0o755)
        limited = [make_directory(devices_step, "linux.resources.devices", f"{GROUP}/devices", 0o755)]
        return (made, *limited, *self.join_operations())

    def join_operations(
        self,
        subgroups: Mapping[str, str] | None = None,  # noqa: ARG002
        *,
        init: int = 0,  # noqa: ARG002
    ) -> tuple[Operation, ...]:
        return (write_pid(STEP_LAUNCHER, "linux.cgroupsPath", f"{GROUP}/cgroup.procs", 0),)


def config_of(**changes: Any) -> Config:
    """The smallest config with the usual namespaces; `linux` and `process` are added to it, all else replaces."""
    process = {"cwd": "/", "args": ["/bin/true"], "user": {"uid": 0, "gid": 0}}
    linux = {"namespaces": [{"type": kind} for kind in EVERY]}
    config = {"ociVersion": "1.3.0", "root": {"path": "rootfs"}, **changes}
    config["process"] = {**process, **changes.get("process", {})}
    config["linux"] = {**linux, **changes.get("linux", {})}
    return config


def namespaces(*kinds: str, **joined: str) -> list[Config]:
    """New ones, and those that are joined by a path."""
    return [{"type": kind} for kind in kinds] + [
        {"type": kind, "path": path} for kind, path in joined.items()
    ]


def mapped(*kinds: str, **linux: Any) -> Config:
    """The `linux` section with a new user namespace."""
    return {
        "namespaces": namespaces("user", *(kinds or EVERY)),
        "uidMappings": IDS,
        "gidMappings": IDS,
        **linux,
    }


def state_of(**members: Any) -> ContainerState:
    return ContainerState(**{"id": "one", "bundle": BUNDLE, "version": "1.3.0", **members})


def plan_of(config: Config, **request: Any) -> Plan:
    """The plan of create."""
    members = {"manager": OneGroup(), "state": state_of(), "fifo": "/run/exec.fifo", **request}
    tree: Any = config
    return plan_create(CreateRequest(tree, BUNDLE, ROOTFS, **members))


def exec_plan_of(config: Config, process: Config, **request: Any) -> Plan:
    """The plan of a further process in a container whose init is 77."""
    tree: Any = config
    further: Any = {"cwd": "/", "args": ["/bin/true"], **process}
    members = {"manager": OneGroup(), "state": state_of(pid=77, start_time=5), **request}
    return plan_exec(ExecRequest(tree, further, **members))


def look(operations: Sequence[Operation]) -> list[Seen]:
    """Operations with names instead of numbers."""
    seen = []
    for number, step, where, arguments in operations:
        name, fields = ROWS[number]
        seen.append(Seen(name, STEP_NAMES[step], where, dict(zip(fields, arguments, strict=True))))
    return seen


def created(config: Config, **request: Any) -> list[Seen]:
    return look(plan_of(config, **request).operations)


def named(seen: Sequence[Seen], *names: str) -> list[Seen]:
    """Those with one of the names, in their order."""
    return [one for one in seen if one.name in names]


def only(seen: Sequence[Seen], name: str) -> Seen:
    """The one with a name; there must be exactly one."""
    (found,) = named(seen, name)
    return found


def place(seen: Sequence[Seen], operation: str, /, **fields: Any) -> int:
    """The index of the first operation of a name that has these fields; raises StopIteration."""
    return next(
        index
        for index, one in enumerate(seen)
        if one.name == operation and all(one.fields[key] == value for key, value in fields.items())
    )
