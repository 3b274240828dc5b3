"""`PlannedContainer`: a container that is to be made, up to its plan: config, cgroups, first state. Nothing is done.

config.json ─load─► config ─select_manager─► CgroupManager ─plan─► Plan        (--dry-run ends here)
"""

from __future__ import annotations

from tiffin.spec.json_tree import encode as encode_json

from ..cgroup.manager import select_manager
from ..compile.create import CreateRequest, plan_create
from ..state.directory import FIFO
from .activation import with_sockets
from .config import check_config, decode_config, read_config
from .create_attendant import CreateAttendant
from .first_state import first_state, rootfs_of
from .launching import check_terminal
from .settings import tolerates_no_cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..plan.operation import Plan
    from ..state.container_state import ContainerState
    from .create_options import CreateOptions
    from .settings import Settings


class PlannedContainer(CreateAttendant):
    """One container, and what its making needs.

    waits: its process stops before the user's program, for `start` (create); else it goes on (run).
    """

    def __init__(self, settings: Settings, identifier: str, options: CreateOptions, *, waits: bool) -> None:
        super().__init__(settings, identifier, options)
        self.waits = waits

    def load(self, tree: ConfigTree | None = None) -> None:
        """Takes the config from the bundle, or as a tree, and makes sure that it can be used."""
        if tree is None:
            self._data = read_config(self.options.bundle)
            tree = decode_config(self._data, source=f"{self.options.bundle}/config.json")
        else:
            self._data = encode_json(tree).encode("utf-8", "surrogateescape")
        check_config(tree, self.settings.log)
        self.config = with_sockets(tree, self.options, self.directory.path)

    @property
    def terminal(self) -> bool:
        return bool(self.config.get("process", {}).get("terminal"))

    def check_terminal(self, *, detached: bool) -> None:
        """Raises InvalidArgument if nobody would hold the other side of the terminal."""
        check_terminal(self.terminal, self.options.console_socket, detached=detached)

    def select_manager(self) -> CgroupManager:
        """Who handles the container's cgroups."""
        settings = self.settings
        return select_manager(
            settings.layout,
            cgroups_path=self.config.get("linux", {}).get("cgroupsPath", ""),
            container_id=self.directory.identifier,
            rootless=tolerates_no_cgroups(settings),
            systemd=settings.systemd_cgroup,
            annotations=self.config.get("annotations"),
        )

    def plan(self, manager: CgroupManager) -> Plan:
        """The kernel operations that make the container."""
        options = self.options
        if not self.state.created:
            self.state = self._first_state(manager)
        return plan_create(
            CreateRequest(
                self.config,
                options.bundle,
                self.rootfs,
                manager,
                self.state,
                self.directory.file(FIFO) if self.waits else "",
                options.console_socket,
                options.console_descriptor,
                options.activated + options.preserve_fds,
                options.no_pivot,
                options.no_new_keyring,
            )
        )

    def _first_state(self, manager: CgroupManager) -> ContainerState:
        return first_state(self.settings, self.directory.identifier, self.options, self.config, manager)

    @property
    def rootfs(self) -> str:
        """The absolute path of the root file system."""
        return rootfs_of(self.config, self.options.bundle)
