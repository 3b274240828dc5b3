"""What is told of processes: asks no runtime where the kernel tells."""

from __future__ import annotations

from .cgroups import manager_of
from .states import SEEN_AS, Status
from .threads import in_thread
from .values import ProcessInfo, ProcessState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.cgroup.manager import CgroupManager

    from .container import Container
    from .process import Process


def state_of(container: Container, process: Process) -> ProcessState:
    """What is told of a process. All processes of a paused container are paused."""
    status = process.status
    if process is not container.init and status is Status.RUNNING:
        first = SEEN_AS.get(container.init.status, container.init.status)
        status = first if first in (Status.PAUSING, Status.PAUSED) else status
    exited = process.exit if status in (Status.STOPPED, Status.DELETING) else None
    return ProcessState(
        id=process.exec_id or container.id,
        bundle=container.bundle,
        pid=process.pid,
        status=SEEN_AS.get(status, status),
        stdio=process.stdio,
        exit_status=exited.status if exited is not None else 0,
        exited_at=exited.at if exited is not None else 0,
    )


def cgroup_manager(container: Container) -> CgroupManager | None:
    """What its cgroups tell, and do; None if it has none of its own on this host."""
    return manager_of(container.cgroups) if container.runtime.host_processes else None


async def processes_in(container: Container) -> list[ProcessInfo]:
    """All processes in a container. Raises RuntimeFailure."""
    manager = cgroup_manager(container)
    if manager is not None:
        pids = list(await in_thread(manager.pids))
    elif container.init.pid and container.init.exit is None:
        pids = await container.runtime.pids(container.id)
    else:
        pids = []
    names = {one.pid: exec_id for exec_id, one in container.execs.items() if one.exit is None}
    return [ProcessInfo(pid, names.get(pid, "")) for pid in pids]
