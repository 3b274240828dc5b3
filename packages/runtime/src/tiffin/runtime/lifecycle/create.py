"""create, and the first half of run: from a bundle to a container whose state is on disk.

claim the id ─ lock ─ config.json, state (pid 0), FIFO ─ plan ─ launch
                                    first_state.py   create_plan.py └─ init stops at barriers: create_attendant.py
Each step is undone if a later one fails; a kill -9 at any point leaves what `delete --force` removes.
"""

from __future__ import annotations

import posix

from ..compile.namespaces import early_namespaces
from ..state.directory import CONFIG, FIFO
from ..state.files import write_atomically
from ..state.status import STOPPED
from .create_options import CreateOptions
from .create_plan import PlannedContainer
from .hooks import run_hooks_tolerantly
from .pid_file import send_pidfd, write_pid_file
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..launch.launcher import Launch
    from ..state.container_state import ContainerState
    from .notify import NotifySocket
    from .settings import Settings

__all__ = ["CreateOptions", "Creation", "create"]

SIGKILL = 9
FIFO_MODE = 0o600  # the launcher opens it, with the host's privileges


def create(
    settings: Settings, identifier: str, options: CreateOptions, *, config: ConfigTree | None = None
) -> ContainerState:
    """Makes a container whose process waits for `start`.

    Args:
        config: instead of the bundle's config.json.

    Raises:
        InvalidArgument, NotFound: the config, a flag or the bundle cannot be used.
        AlreadyExists: the id is in use.
        OperationFailed, HookFailed, Unsupported: a step failed; nothing of the container is left.
        CleanupFailed: and something of it could not be removed.
    """
    creation = Creation(settings, identifier, options, waits=True)
    creation.load(config)
    creation.check_terminal(detached=True)
    with Undo("create") as undo:
        creation.make(undo)
        undo.forget()
    return creation.state


class Creation(PlannedContainer):
    """One container in the making: step by step, each undone if a later one fails."""

    def __init__(self, settings: Settings, identifier: str, options: CreateOptions, *, waits: bool) -> None:
        super().__init__(settings, identifier, options, waits=waits)
        self._launched: Launch | None = None
        self.notify: NotifySocket | None = None

    def make(self, undo: Undo) -> None:
        """Makes the container; `undo` undoes all of it."""
        self._undo = undo
        lock = self.directory.claim()
        undo.add(lock.release)  # last: till then nobody else may have the id
        self._lock = lock.descriptor
        undo.add(self.directory.remove)
        undo.add(self.abandon_core)
        self._start_core()
        if self.options.notify_socket:
            self._make_notify_socket(undo)
        manager = self.select_manager()
        manager.check_unused()
        self.state = self._first_state(manager)
        write_atomically(self.directory.path, CONFIG, self._data)
        self.directory.write(self.state)
        undo.add(self._run_poststop)
        if self.state.resctrl:
            from ..cgroup.resctrl import remove_group

            undo.add(lambda: remove_group(self.state.resctrl))
        if self.waits:
            posix.mkfifo(self.directory.file(FIFO), FIFO_MODE)
        undo.add(manager.remove)
        self._launch(manager)
        undo.add(self._kill)
        self._tell_caller()
        if self._moved is not None:
            self._moved.close()
        lock.release()

    def _make_notify_socket(self, undo: Undo) -> None:
        """The folder that the container sees; who starts it (we, unless it waits) listens there."""
        from .notify import NotifySocket, make_notify_folder

        make_notify_folder(self.directory.path)
        if not self.waits:
            self.notify = NotifySocket(self.directory.path, self.options.notify_socket)
            undo.add(self.notify.close)

    def take_network(self) -> int:
        """A descriptor of an unused network namespace for a plan that wants a new one, ours to close; -1 for none."""
        return -1

    def _start_core(self) -> None:
        """Now already: it starts while the plan is made."""
        options = self.options
        inherited = (options.console_descriptor,) if options.console_descriptor >= 0 else ()
        network = self.take_network()
        try:
            self.start_core(
                stdio=options.stdio,
                inherited=inherited,
                lock=self._lock,
                namespaces=early_namespaces(self.config),
                network=network,
                starter=options.starter,
                stop=options.stop,
            )
        finally:
            if network >= 0:
                posix.close(network)

    def _launch(self, manager: CgroupManager) -> None:
        self._manager = manager
        self._launched = self.launch(self.plan(manager), self.directory.identifier)

    def _kill(self) -> None:
        if self._launched is not None:
            self._launched.kill()
        if self.state.shared_pids:
            self._manager.kill(SIGKILL)

    def _run_poststop(self) -> None:
        run_hooks_tolerantly(self.config, "poststop", self.state, STOPPED, self.settings.log)

    def _tell_caller(self) -> None:
        if self.options.pidfd_socket:
            send_pidfd(self.options.pidfd_socket, self.state.pid)
        if self.options.pid_file:
            write_pid_file(self.options.pid_file, self.state.pid)
