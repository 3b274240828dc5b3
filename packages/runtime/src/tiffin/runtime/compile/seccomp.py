"""linux.seccomp: the compiled filter, and what its listener is told."""

from __future__ import annotations

from ..plan.operations import STEP_INIT, load_seccomp
from ..seccomp.filter import compile_filter
from ..state.directory import cache_directory
from ..state.document import quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import LinuxTree

    from ..plan.operation import Operation
    from ..seccomp.filter import CompiledFilter
    from ..state.container_state import ContainerState
    from ..state.status import Status

WHERE = "linux.seccomp"


def seccomp_operations(linux: LinuxTree, state: ContainerState, status: Status) -> list[Operation]:
    """Loads the filter; nothing where the profile switches seccomp off.

    Args:
        state: of the container, for the listener. pid 0 stands for the pid of init, which is not known yet.
        status: the same.
    """
    profile = linux.get("seccomp")
    if not profile:
        return []
    compiled = compile_filter(profile, cache_directory())  # type: ignore[arg-type]  # the same tree
    if compiled is None:
        return []
    parts = _listener_state(compiled, state, status) if compiled.listener else ()
    return [
        load_seccomp(STEP_INIT, WHERE, compiled.instructions, compiled.flags, compiled.listener_path, parts)
    ]


def _listener_state(compiled: CompiledFilter, state: ContainerState, status: Status) -> tuple[str, ...]:
    """The container process state (runtime-spec, "The Container Process State"), cut where a pid belongs."""
    version = quote(state.version or "1.0.0")
    metadata = f',"metadata":{quote(compiled.listener_metadata)}' if compiled.listener_metadata else ""
    first = f'{{"ociVersion":{version},"fds":["seccompFd"],"pid":'
    middle = f'{metadata},"state":{{"ociVersion":{version},"id":{quote(state.id)},"status":"{status}","pid":'
    annotations = f',"annotations":{state.annotations}' if state.annotations else ""
    last = f',"bundle":{quote(state.bundle)}{annotations}}}}}'
    return (first, f"{middle}{state.pid}{last}") if state.pid else (first, middle, last)
