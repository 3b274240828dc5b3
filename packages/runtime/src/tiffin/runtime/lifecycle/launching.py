"""What create, run and exec have in common: launching a plan with the settings' core, warnings and trace."""

from __future__ import annotations

import posix

from ..errors import InvalidArgument
from ..launch.core import sealed_core
from ..launch.launcher import Attendant, Launch, LaunchRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..plan.operation import Plan
    from .settings import Settings
    from .trace import Trace


class TracingAttendant(Attendant):
    """Hands warnings to the log, and durations to the trace file."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._trace: Trace | None = None

    def warned(self, text: str) -> None:
        self.settings.log.warning(text)

    def traced(self, operation: int, begin: int, end: int) -> None:
        if self._trace is not None:
            self._trace.add(operation, begin, end)

    def launch(
        self,
        plan: Plan,
        name: str,
        *,
        stdio: tuple[int, int, int] = (0, 1, 2),
        inherited: Sequence[int] = (),
        lock: int = -1,
    ) -> Launch:
        """Launches a plan and follows it until its process is ready; a child of this process.

        Args:
            name: the container, for the trace.
            inherited: descriptors that the plan names, which the core must have under the same number.
            lock: descriptor of the container's lock, as `LaunchRequest` has it.
        """
        settings = self.settings
        if settings.trace:
            from .trace import Trace

            self._trace = Trace(plan, name)
        core = settings.core if settings.core >= 0 else sealed_core()
        try:
            launch = Launch(LaunchRequest(plan, core, stdio, tuple(inherited), self._trace is not None, lock))
        finally:
            if core != settings.core:
                posix.close(core)
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
