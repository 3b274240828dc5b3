"""`TasksMaker`: makes the tasks of a namespace in this process: by our executor, or another OCI runtime's command."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tiffin.shim.events.values import TaskOOM
from tiffin.shim.oom import OomWatcher
from tiffin.shim.runtimes.command_line import CommandLine
from tiffin.shim.runtimes.in_process import Executor, InProcess
from tiffin.shim.tasks.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.any_pb2 import Any

    from tiffin.runtime.cgroup.manager import CgroupManager
    from tiffin.shim.events.values import Event
    from tiffin.shim.runtimes.options import RuntimeOptions
    from tiffin.shim.runtimes.port import OciRuntime


class TasksMaker:
    """For `InProcessRuntime`.

    Args:
        state: folder of our executor's own state, `<state>/<namespace>/<id>`, gone after a boot.

    Raises:
        Unsupported: the native core is not installed.
    """

    def __init__(self, state: str) -> None:
        self._stack = ExitStack()
        self._executor = Executor(state)
        self._stack.callback(self._executor.close)

    def __call__(self, namespace: str, emit: Callable[[Event], None]) -> Tasks:
        """The tasks of a namespace; emit: gets their events."""

        def runtime_for(options: RuntimeOptions) -> OciRuntime:
            if options.binary:
                return CommandLine(options, namespace=namespace)
            return InProcess(self._executor, options, namespace=namespace)

        watcher = self._stack.enter_context(OomWatcher(lambda container: emit(TaskOOM(container))))
        return Tasks(emit, runtime_for, namespace=namespace, watcher=watcher, measure=_measure)

    def close(self) -> None:
        """Lets go of the executor and of what is watched; containers go on."""
        self._stack.close()


def _measure(manager: CgroupManager) -> Any:
    """`tiffin.shim.metrics.messages.measure`, imported when somebody asks for metrics."""
    from tiffin.shim.metrics.messages import measure

    return measure(manager)
