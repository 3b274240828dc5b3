"""`CreateAttendant`: what create does while the core makes the container, when init stops for it.

barrier `created`: the state with the pid is on disk, the systemd unit has the process, network devices are moved
barrier `hooks`:   prestart and createRuntime run
"""

from __future__ import annotations

from ..state.container_state import ContainerState
from ..state.directory import StateDirectory
from ..state.identity import process_stat
from ..state.status import CREATING
from .config_facts import joins_time
from .hooks import run_hooks
from .launching import TracingAttendant
from .undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..netdevices.move import MovedDevices
    from .create_options import CreateOptions
    from .settings import Settings

HOOKS_BEFORE_PIVOT = ("prestart", "createRuntime")


class CreateAttendant(TracingAttendant):
    """A container that gets a process.

    config, state: what it is to be, and what is known of it; whoever makes it sets both before the launch.
    """

    _manager: CgroupManager  # of its cgroups, set by the launch

    def __init__(self, settings: Settings, identifier: str, options: CreateOptions) -> None:
        super().__init__(settings)
        self.options = options
        self.directory = StateDirectory(settings.root, identifier)
        self.config: ConfigTree = {}
        self.state = ContainerState(identifier)
        self._undo = Undo("create")
        self._moved: MovedDevices | None = None

    def identified(self, pid: int, start_time: int) -> None:
        if joins_time(self.config):  # the launcher has joined it too, and reads start times by its clock
            found = process_stat(pid)
            start_time = found[1] if found else 0
        self.state = self.state.replace(pid=pid, start_time=start_time)

    def passes_created(self) -> bool:
        return self._manager.adopter is None and not self.config.get("linux", {}).get("netDevices")

    def barrier(self, name: str) -> None:
        if name == "created":
            self.directory.write(self.state)
            self._adopt()
            self._move_network_devices()
        elif name == "hooks":
            for kind in HOOKS_BEFORE_PIVOT:
                run_hooks(self.config, kind, self.state, CREATING, self.state.pid, stop=self.options.stop)

    def _adopt(self) -> None:
        adopter = self._manager.adopter
        if adopter is not None:
            linux = self.config.get("linux", {})
            adopter.adopt(self.state.pid, linux.get("resources"), devices=linux.get("devices", ()))

    def _move_network_devices(self) -> None:
        devices = self.config.get("linux", {}).get("netDevices")
        if devices:
            from ..netdevices.move import move_devices

            self._moved = move_devices(self.state.pid, devices)
            self._undo.add(self._moved.close)
            self._undo.add(self._moved.put_back)

    def oom_killed(self) -> bool:
        return self._manager.oom_kill_count() > 0
