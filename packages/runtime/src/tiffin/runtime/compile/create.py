"""`plan_create`: the plan of create and run.

launcher: oom_score_adj, trees for binds, cgroups (limits, joined), namespaces ──clone──► id mappings
init:     root of its namespaces ─ barrier `created` ─ session ─ mounts ─ devices ─ barrier `hooks` ─ createContainer
          ─ pivot_root ─ console ─ names ─ covers ─ process (process.py)
"""

from __future__ import annotations

import posix

from ..plan.operation import Operation, Plan
from ..plan.operations import (
    LIMIT_ROOM,
    STEP_ATTEND,
    STEP_INIT,
    STEP_LAUNCHER,
    ask_launcher,
    barrier,
    join_session_keyring,
    loopback_up,
    new_session,
    set_oom_score_adj,
    set_parent_death_signal,
    set_umask,
    wait_start,
)
from ..record import Record
from ..state.identity import in_user_namespace
from ..state.status import CREATED, CREATING
from . import namespaces as kernel_namespaces
from .console import console_operations
from .devices import device_operations
from .groups import is_denied
from .hooks import hook_operations
from .mounts import MountRequest, plan_mounts
from .names import name_operations
from .process import process_operations, rlimit_operations
from .rootfs import (
    hidden_operations,
    opening_operations,
    pivot_operations,
    readonly_operations,
    unbindable_operations,
)
from .seccomp import seccomp_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree, ProcessTree

    from ..cgroup.manager import CgroupManager
    from ..state.container_state import ContainerState

PREFIX = "process."
HOOKS_BEFORE_PIVOT = ("prestart", "createRuntime")
SETUP_UMASK = 0o022
NO_PROCESS: ProcessTree = {"cwd": "/"}


class CreateRequest(Record):
    """What a plan is made from.

    config: validated. bundle, rootfs: absolute paths.
    state: what hooks and the seccomp listener are told; its pid is 0.
    fifo: where init waits for `start`; "" if it goes on at once (run).
    console_socket, console_descriptor: who gets the terminal, "" and -1 if nobody.
    preserved: how many descriptors from 3 on the program inherits.
    """

    config: ConfigTree
    bundle: str
    rootfs: str
    manager: CgroupManager
    state: ContainerState
    fifo: str = ""
    console_socket: str = ""
    console_descriptor: int = -1
    preserved: int = 0
    no_pivot: bool = False
    no_new_keyring: bool = False


def plan_create(request: CreateRequest) -> Plan:
    """The operations that make a container, in the order of execution.

    Raises:
        InvalidArgument, Unsupported, FailedPrecondition: the config asks for what cannot be done; the text has the
            JSON path.
    """
    config = request.config
    process, linux = config.get("process", NO_PROCESS), config.get("linux", {})
    namespaces = kernel_namespaces.namespaces_of(config)
    kernel_namespaces.check_mapped(namespaces, config)
    mounts = plan_mounts(MountRequest(config, request.bundle, namespaces, request.manager))
    attended = _attended_operations(request, namespaces)
    return Plan(
        (
            *_launcher_operations(request, namespaces, mounts.launcher),
            *kernel_namespaces.launcher_operations(namespaces, linux),
            *kernel_namespaces.mapping_operations(namespaces, linux),
            *attended,
            *_first_operations(request, namespaces),
            *opening_operations(linux, request.rootfs, own_mounts=namespaces.has("mount")),
            *mounts.init,
            *device_operations(config, namespaces, in_user_namespace=in_user_namespace()),
            *_hooks_before_pivot(request),
            *pivot_operations(config, own_mounts=namespaces.has("mount"), no_pivot=request.no_pivot),
            *console_operations(process, request.console_socket, request.console_descriptor, mounted=True),
            *readonly_operations(config, own_mounts=namespaces.has("mount")),
            *name_operations(config),
            *hidden_operations(linux),
            *unbindable_operations(linux),
            *([ask_launcher(STEP_INIT, "")] if attended else ()),
            *_process_operations(request, namespaces),
        )
    )


def _launcher_operations(
    request: CreateRequest, namespaces: kernel_namespaces.Namespaces, trees: list[Operation]
) -> list[Operation]:
    """Before the clone: what needs the host's paths and privileges."""
    process, linux = request.config.get("process", NO_PROCESS), request.config.get("linux", {})
    operations = list(trees)
    if namespaces.has("user") and not _needs_attendance(
        namespaces
    ):  # in the one that is joined nobody may raise them
        operations += rlimit_operations(process, PREFIX, STEP_LAUNCHER, LIMIT_ROOM)
    if "oomScoreAdj" in process:
        operations.append(set_oom_score_adj(STEP_LAUNCHER, "process.oomScoreAdj", process["oomScoreAdj"]))
    operations += request.manager.create_operations(
        linux.get("resources"),
        devices=linux.get("devices", ()),
        devices_step=STEP_ATTEND if mounts_block_device(request.config) else STEP_LAUNCHER,
    )
    if intel_rdt := linux.get("intelRdt"):
        from ..cgroup.resctrl import create_operations, find_mount, group_of

        operations += create_operations(intel_rdt, group_of(intel_rdt, request.state.id, find_mount()))
    return operations


def mounts_block_device(config: ConfigTree) -> bool:
    """Whether init mounts a device of the host, which the container's device rules may forbid."""
    return any(
        mount.get("source", "").startswith("/dev/") and mount.get("type") not in {None, "bind", "none"}
        for mount in config.get("mounts", ())
    )


def _attended_operations(request: CreateRequest, namespaces: kernel_namespaces.Namespaces) -> list[Operation]:
    """What the launcher does for init late: raising limits, from which a user namespace keeps init."""
    config = request.config
    operations = []
    if _needs_attendance(namespaces):
        operations += rlimit_operations(config.get("process", NO_PROCESS), PREFIX, STEP_ATTEND)
    return operations


def _needs_attendance(namespaces: kernel_namespaces.Namespaces) -> bool:
    return namespaces.is_new("user") and posix.geteuid() == 0


def _first_operations(request: CreateRequest, namespaces: kernel_namespaces.Namespaces) -> list[Operation]:
    linux = request.config.get("linux", {})
    operations = [
        set_umask(STEP_INIT, "", SETUP_UMASK),
        *kernel_namespaces.root_operations(namespaces),
        barrier(STEP_INIT, "", "created"),
        set_parent_death_signal(STEP_INIT, "", 0),
        *kernel_namespaces.late_operations(namespaces, linux),
        new_session(STEP_INIT, ""),
    ]
    if not request.no_new_keyring:
        operations.append(keyring_operation(request.state.id, linux.get("mountLabel", "")))
    if namespaces.is_new("network"):
        operations.append(loopback_up(STEP_INIT, "linux.namespaces"))
    return operations


def keyring_operation(identifier: str, label: str) -> Operation:
    """The session keyring that all processes of a container share."""
    return join_session_keyring(STEP_INIT, "", f"_ses.{identifier}", label or None)


def _hooks_before_pivot(request: CreateRequest) -> list[Operation]:
    """prestart and createRuntime run in the controller, while init waits; createContainer in init."""
    config = request.config
    hooks = config.get("hooks", {})
    operations = (
        [barrier(STEP_INIT, "hooks", "hooks")] if any(hooks.get(kind) for kind in HOOKS_BEFORE_PIVOT) else []
    )
    return operations + hook_operations(config, "createContainer", request.state, CREATING)


def _process_operations(request: CreateRequest, namespaces: kernel_namespaces.Namespaces) -> list[Operation]:
    config = request.config
    linux, process = config.get("linux", {}), config.get("process", NO_PROCESS)
    limits = [] if _needs_attendance(namespaces) else rlimit_operations(process, PREFIX, STEP_INIT)
    start = [wait_start(STEP_INIT, "", request.fifo)] if request.fifo else []
    return process_operations(
        process,
        linux,
        PREFIX,
        limits=limits,
        seccomp=seccomp_operations(linux, request.state, CREATING),
        preserved=request.preserved,
        groups_denied=is_denied() or kernel_namespaces.gives_up_groups(namespaces, linux),
        before_exec=[*start, *hook_operations(config, "startContainer", request.state, CREATED)],
    )
