"""exec: a further process in a container that exists."""

from __future__ import annotations

from ..compile.execute import ExecRequest, plan_exec
from ..errors import FailedPrecondition, InvalidArgument
from ..launch.starting import OWN_CHILDREN
from ..record import Record
from ..state.status import CREATING, PAUSED, STOPPED
from .activation import check_preserved
from .launching import TracingAttendant, check_terminal
from .loaded import LoadedContainer
from .pid_file import send_pidfd, write_pid_file
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.spec.runtime.tree import ConfigTree, ProcessTree

    from ..launch.launcher import Launch
    from ..launch.starting import Starter
    from ..plan.operation import Plan
    from .settings import Settings


class ExecOptions(Record):
    """The flags of exec that are not about the process itself; paths are absolute.

    cgroup: `PATH` or `CONTROLLER[,CONTROLLER...]:PATH`, sub-cgroups of the container's.
    starter: who starts the core, and becomes the parent of the process.
    stop: a descriptor that becomes readable when the process is not wanted any more; -1 for none.
    """

    console_socket: str = ""
    console_descriptor: int = -1
    pidfd_socket: str = ""
    pid_file: str = ""
    preserve_fds: int = 0
    cgroup: tuple[str, ...] = ()
    ignore_paused: bool = False
    stdio: tuple[int, int, int] = (0, 1, 2)
    starter: Starter = OWN_CHILDREN
    stop: int = -1


class Execution(TracingAttendant):
    """One process for a container that exists.

    Raises:
        NotFound: no such container. FailedPrecondition: it is stopped, paused, or not made yet.
    """

    def __init__(self, settings: Settings, identifier: str, options: ExecOptions) -> None:
        super().__init__(settings)
        self.options = options
        self.container = LoadedContainer(settings.root, identifier)
        self.config: ConfigTree = {}
        self.pid = 0
        self._launched: Launch | None = None
        status = self.container.status()
        if status == STOPPED:
            raise FailedPrecondition("cannot exec in a stopped container")
        if status == CREATING:
            raise FailedPrecondition("cannot exec in a container that is being made")
        if status == PAUSED and not options.ignore_paused:
            raise FailedPrecondition("cannot exec in a paused container (use --ignore-paused to override)")
        self.config = self.container.config()

    def plan(self, process: ProcessTree) -> Plan:
        """The kernel operations that start the process."""
        options = self.options
        container = self.container
        return plan_exec(
            ExecRequest(
                self.config,
                process,
                container.state,
                container.manager(),
                options.console_socket,
                options.console_descriptor,
                options.preserve_fds,
                subgroups_of(options.cgroup),
                options.starter is not OWN_CHILDREN,
            )
        )

    def launch_process(self, process: ProcessTree, undo: Undo) -> None:
        """Starts the process; `undo` kills it again."""
        options = self.options
        check_preserved(options.preserve_fds)
        inherited = (options.console_descriptor,) if options.console_descriptor >= 0 else ()
        self.start_core(stdio=options.stdio, inherited=inherited, starter=options.starter, stop=options.stop)
        try:
            self._launched = self.launch(self.plan(process), self.container.identifier)
        finally:
            self.abandon_core()
        undo.add(self._kill)
        if options.pidfd_socket:
            send_pidfd(options.pidfd_socket, self.pid)
        if options.pid_file:
            write_pid_file(options.pid_file, self.pid)

    def identified(self, pid: int, start_time: int) -> None:  # noqa: ARG002  # the Attendant's
        self.pid = pid

    def passes_created(self) -> bool:
        if self.options.starter is OWN_CHILDREN:
            return False  # its plan has no such barrier, or one for systemd
        adopter = self.container.manager().adopter
        return adopter is None or not adopter.attaches

    def barrier(self, name: str) -> None:
        adopter = self.container.manager().adopter
        if name == "created" and adopter is not None and adopter.attaches:
            adopter.attach(self.pid, subgroups_of(self.options.cgroup))

    def oom_killed(self) -> bool:
        return self.container.manager().oom_kill_count() > 0

    def _kill(self) -> None:
        if self._launched is not None:
            self._launched.kill()


def execute_detached(execution: Execution, process: ProcessTree) -> int:
    """Starts a process and returns its pid."""
    options = execution.options
    check_terminal(bool(process.get("terminal")), options.console_socket, detached=True)
    with Undo("exec") as undo:
        execution.launch_process(process, undo)
        undo.forget()
    return execution.pid


def execute(execution: Execution, process: ProcessTree) -> int:
    """Runs a process in the foreground; returns its exit code, 128 and the signal's number if it was killed."""
    check_terminal(bool(process.get("terminal")), execution.options.console_socket, detached=False)
    if process.get("terminal"):
        return _execute_with_terminal(execution, process)
    from .foreground import ForwardedSignals

    signals = ForwardedSignals()
    try:
        with Undo("exec") as undo:
            execution.launch_process(process, undo)
            code = signals.wait(execution.pid)
            undo.forget()
        return code
    finally:
        signals.restore()


def _execute_with_terminal(execution: Execution, process: ProcessTree) -> int:
    from .held_signals import hold_signals, let_signals_come
    from .terminal import ForegroundTerminal

    terminal = ForegroundTerminal()
    held = hold_signals()
    try:
        execution.options = execution.options.replace(console_descriptor=terminal.descriptor)
        with Undo("exec") as undo:
            execution.launch_process(terminal.sized(process), undo)
            terminal.attach()
            code = terminal.relay(execution.pid, held)
            undo.forget()
        return code
    finally:
        terminal.close()
        let_signals_come(held)


def subgroups_of(arguments: Sequence[str]) -> dict[str, str] | None:
    """--cgroup: the sub-cgroup for each controller; the controller "" is all of them.

    Raises:
        InvalidArgument: two of them contradict each other.
    """
    found: dict[str, str] = {}
    for argument in arguments:
        controllers, colon, path = argument.partition(":")
        if not colon:
            if len(arguments) != 1:
                raise InvalidArgument(f"invalid --cgroup argument: {argument} (missing <controller>: prefix)")
            return {"": argument}
        for controller in controllers.split(","):
            if not controller:
                raise InvalidArgument(f"invalid --cgroup argument: {argument} (empty <controller> prefix)")
            if controller in found:
                raise InvalidArgument(
                    f"invalid --cgroup argument(s): controller {controller} specified multiple times"
                )
            found[controller] = path
    return found or None
