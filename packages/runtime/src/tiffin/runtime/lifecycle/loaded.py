"""`LoadedContainer`: a container that exists, as its state directory tells."""

from __future__ import annotations

from ..cgroup.manager import manager_from_paths
from ..state.directory import CONFIG, StateDirectory
from ..state.files import read_file
from ..state.status import STOPPED, has_init, status_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from ..state.container_state import ContainerState
    from ..state.status import Status


class LoadedContainer:
    """One container.

    Raises:
        InvalidArgument: the id is none.
        NotFound: there is no such container.
        FailedPrecondition: its state file is damaged.
    """

    def __init__(self, root: str, identifier: str) -> None:
        self.directory = StateDirectory(root, identifier)
        self.state: ContainerState = self.directory.read()

    def reload(self) -> None:
        """Reads the state again, after the lock was taken."""
        self.state = self.directory.read()

    @property
    def identifier(self) -> str:
        return self.directory.identifier

    def status(self) -> Status:
        return status_of(self.directory, self.state)

    def has_init(self) -> bool:
        return has_init(self.state)

    def is_stopped(self) -> bool:
        return self.status() == STOPPED

    def manager(self) -> CgroupManager:
        """What handles its cgroups."""
        state = self.state
        return manager_from_paths(
            dict(state.cgroups),
            version=state.cgroup_version,
            rootless=state.rootless,
            unit=state.systemd_unit,
        )

    def config(self) -> ConfigTree:
        """Its config, as it was at create, with the limits that `update` has set since."""
        from .config import decode_config

        path = self.directory.file(CONFIG)
        return decode_config(read_file(path), source=path)
