"""`plan_exec`: the plan of exec, a further process in a container that exists.

launcher: cpu affinity, cgroups joined, limits, all namespaces of init joined ──clone──► init: console, process
"""

from __future__ import annotations

from ..plan.operation import Operation, Plan
from ..plan.operations import (
    LIMIT_ROOM,
    STEP_INIT,
    STEP_LAUNCHER,
    barrier,
    join_process,
    new_session,
    set_oom_score_adj,
    set_parent_death_signal,
)
from ..record import Record
from ..state.status import RUNNING
from .console import console_operations
from .create import keyring_operation
from .groups import is_denied
from .namespaces import Namespaces, namespaces_of
from .process import process_operations, rlimit_operations
from .seccomp import seccomp_operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.spec.runtime.tree import ConfigTree, ProcessTree

    from ..cgroup.manager import CgroupManager
    from ..state.container_state import ContainerState

PREFIX = "process."


class ExecRequest(Record):
    """What a plan is made from.

    config: the container's, as it was at create. process: what to run. state: the container's, with its init.
    console_socket, console_descriptor: who gets the terminal, "" and -1 if nobody.
    preserved: how many descriptors from 3 on the program inherits.
    subgroups: controller, or "" for all, to a path below the container's cgroup.
    announced: its parent must have heard of it before it goes on.
    """

    config: ConfigTree
    process: ProcessTree
    state: ContainerState
    manager: CgroupManager
    console_socket: str = ""
    console_descriptor: int = -1
    preserved: int = 0
    subgroups: Mapping[str, str] | None = None
    announced: bool = False


def plan_exec(request: ExecRequest) -> Plan:
    """The operations that start a process in a container.

    Raises:
        InvalidArgument, Unsupported: what is asked for cannot be done; the text has the JSON path.
    """
    linux = request.config.get("linux", {})
    namespaces = namespaces_of(request.config)
    return Plan(
        (
            *_launcher_operations(request, namespaces),
            *_first_operations(request),
            *console_operations(
                request.process, request.console_socket, request.console_descriptor, mounted=False
            ),
            *_affinity(request, "final", STEP_INIT),
            *process_operations(
                request.process,
                linux,
                PREFIX,
                limits=rlimit_operations(request.process, PREFIX, STEP_INIT),
                seccomp=seccomp_operations(linux, request.state, RUNNING),
                preserved=request.preserved,
                groups_denied=is_denied(request.state.pid),
            ),
        )
    )


def _launcher_operations(request: ExecRequest, namespaces: Namespaces) -> list[Operation]:
    process, state = request.process, request.state
    operations = _affinity(request, "initial", STEP_LAUNCHER)
    if "oomScoreAdj" in process:
        operations.append(set_oom_score_adj(STEP_LAUNCHER, f"{PREFIX}oomScoreAdj", process["oomScoreAdj"]))
    operations += request.manager.join_operations(request.subgroups, init=state.pid)
    if namespaces.has("user"):  # in it nobody may raise a limit
        operations += rlimit_operations(process, PREFIX, STEP_LAUNCHER, LIMIT_ROOM)
    operations.append(join_process(STEP_LAUNCHER, "", state.pid, state.start_time, namespaces.flags()))
    return operations


def _affinity(request: ExecRequest, which: str, step: int) -> list[Operation]:
    if "execCPUAffinity" not in request.process:
        return []
    from .scheduling import affinity_operation

    return affinity_operation(request.process, which, step, PREFIX)


def _first_operations(request: ExecRequest) -> list[Operation]:
    operations: list[Operation] = []
    adopter = request.manager.adopter
    if request.announced or (adopter is not None and adopter.attaches):
        operations.append(barrier(STEP_INIT, "", "created"))
    operations += (set_parent_death_signal(STEP_INIT, "", 0), new_session(STEP_INIT, ""))
    if not request.state.no_new_keyring:
        operations.append(
            keyring_operation(request.state.id, request.config.get("linux", {}).get("mountLabel", ""))
        )
    return operations
