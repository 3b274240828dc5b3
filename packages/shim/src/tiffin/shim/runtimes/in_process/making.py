"""`Making`: containers and execs as children of a monitor, in a thread."""

from __future__ import annotations

from tiffin.runtime.api.creation import WarmCreation
from tiffin.runtime.errors import AlreadyExists
from tiffin.runtime.lifecycle.config import check_process, decode_tree
from tiffin.runtime.lifecycle.create import CreateOptions
from tiffin.runtime.lifecycle.execute import ExecOptions, Execution
from tiffin.runtime.lifecycle.launching import check_terminal
from tiffin.runtime.lifecycle.undo import Undo

from .start import CONSOLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.runtime.api.known_configs import KnownConfigs
    from tiffin.runtime.lifecycle.create import Creation
    from tiffin.runtime.lifecycle.settings import Settings

    from ..options import RuntimeOptions
    from ..port import Restoration
    from .start import MonitorStarter
    from .stopping import Stop

CONSOLE_SOCKET = (
    "the monitor's"  # what is said where a path would be: the socket is handed over by its number
)


class Making:
    """One process in the making.

    Args:
        known: configs that were validated before.
        starter: by whom the process is started.
    """

    def __init__(
        self,
        settings: Settings,
        known: KnownConfigs,
        options: RuntimeOptions,
        identifier: str,
        starter: MonitorStarter,
    ) -> None:
        self.identifier = identifier
        self.starter = starter
        self._settings = settings
        self._known = known
        self._options = options

    def create(self, bundle: str, stop: Stop) -> int:
        """Makes a container whose process waits for its start; the pid."""
        options = CreateOptions(
            bundle,
            console_descriptor=self._console(),
            no_pivot=self._options.no_pivot_root,
            no_new_keyring=self._options.no_new_keyring,
            starter=self.starter.until(stop),
            stop=stop.descriptor,
        )
        creation = WarmCreation(self._settings, self.identifier, options, self._known, waits=True)
        return self._make(creation, stop)

    def restore(self, bundle: str, restoration: Restoration, stop: Stop) -> int:
        """Makes a container from an image, which runs; the pid."""
        from tiffin.runtime.checkpoint.options import RestoreOptions
        from tiffin.runtime.checkpoint.restore import Restoration as Restoring

        options = RestoreOptions(
            image_path=restoration.image,
            work_path=restoration.work or self._options.criu_work,
            bundle=bundle,
            console_descriptor=self._console(),
            starter=self.starter.until(stop),
            stop=stop.descriptor,
        )
        return self._make(Restoring(self._settings, self.identifier, options), stop)

    def _make(self, creation: Creation, stop: Stop) -> int:
        creation.load()
        self._check_terminal(wanted=creation.terminal)
        with Undo("create") as undo:
            try:
                creation.make(undo)
            except AlreadyExists:
                root = self._settings.root
                raise AlreadyExists(f"tiffin-runtime has a container {self.identifier} in {root}") from None
            stop.check()
            undo.forget()
        return creation.state.pid

    def execute(self, process: bytes, stop: Stop) -> int:
        """Starts a further process; the pid. process: OCI's `process`, as JSON."""
        tree: Any = decode_tree(process, source="the process")
        check_process(tree, self._settings.log)
        self._check_terminal(wanted=bool(tree.get("terminal")))
        options = ExecOptions(
            console_descriptor=self._console(), starter=self.starter.until(stop), stop=stop.descriptor
        )
        execution = Execution(self._settings, self.identifier, options)
        with Undo("exec") as undo:
            execution.launch_process(tree, undo)
            stop.check()
            undo.forget()
        return execution.pid

    def _console(self) -> int:
        return CONSOLE if self.starter.terminal else -1

    def _check_terminal(self, *, wanted: bool) -> None:
        check_terminal(wanted, CONSOLE_SOCKET if self.starter.terminal else "", detached=True)
