"""What create, run and exec have in common: launching a plan with the settings' core, warnings and trace."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..launch.core import sealed_core
from ..launch.core_process import CoreProcess, CoreRequest
from ..launch.launcher import Attendant, Launch
from ..launch.starting import OWN_CHILDREN
from ..plan.encode import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..launch.starting import Starter
    from ..plan.operation import Plan
    from .settings import Settings
    from .trace import Trace


class TracingAttendant(Attendant):
    """Hands warnings to the log, and durations to the trace file."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._trace: Trace | None = None
        self._core: CoreProcess | None = None

    def warned(self, text: str) -> None:
        self.settings.log.warning(text)

    def traced(self, operation: int, begin: int, end: int) -> None:
        if self._trace is not None:
            self._trace.add(operation, begin, end)

    def start_core(
        self,
        *,
        stdio: tuple[int, int, int] = (0, 1, 2),
        inherited: Sequence[int] = (),
        lock: int = -1,
        namespaces: int = 0,
        network: int = -1,
        starter: Starter = OWN_CHILDREN,
        stop: int = -1,
    ) -> None:
        """Starts the core, which waits for `launch`, or for `abandon_core`.

        Args:
            inherited: descriptors that the plan names, which the core must have under the same number.
            lock, namespaces, network, starter, stop: as `CoreRequest` has them.
        """
        settings = self.settings
        core = settings.core if settings.core >= 0 else sealed_core()
        request = CoreRequest(core, stdio, tuple(inherited), lock, namespaces, network, starter, stop)
        try:
            self._core = CoreProcess(request)
        finally:
            if core != settings.core:
                posix.close(core)

    def abandon_core(self) -> None:
        """Ends a core that was not launched."""
        if self._core is not None:
            self._core.destroy()
        self._core = None

    def launch(self, plan: Plan, name: str, *, encoded: Mapping[int, bytes] | None = None) -> Launch:
        """Launches a plan with the core that was started, and follows it until its process is ready.

        Args:
            name: the container, for the trace.
            encoded: as for `encode`.
        """
        settings = self.settings
        if settings.trace:
            from .trace import Trace

            self._trace = Trace(plan, name)
        core = self._core
        if core is None:
            raise RuntimeError("no core was started")
        core.send_plan(encode(plan, trace=self._trace is not None, encoded=encoded or {}))
        launch = Launch(plan, core)
        self._core = None
        try:
            launch.follow(self)
        finally:
            if self._trace is not None:
                self._trace.write(settings.trace)
        return launch


def check_terminal(terminal: bool, console_socket: str, *, detached: bool) -> None:  # noqa: FBT001  # the config's field
    """A terminal needs somebody who holds its other side: the caller by a console socket, or we in the foreground.

    Raises:
        InvalidArgument: nobody would.
    """
    if detached and terminal and not console_socket:
        raise InvalidArgument("cannot allocate tty if runc will detach without setting console socket")
    if console_socket and not (detached and terminal):
        raise InvalidArgument("cannot use console socket if runc will not detach or allocate tty")
