"""`first_state`: what the state file says before there is a process.

It tells `delete` of all that is about to be made, so that a create that is killed at any point leaves nothing behind.
"""

from __future__ import annotations

from tiffin.spec.json_tree import encode as encode_json

from ..logging.log import precise_timestamp
from ..state.container_state import ContainerState
from ..state.identity import boot_id
from .config_facts import resctrl_group, shares_pids
from .hooks import kept_hooks
from .settings import tolerates_no_cgroups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.runtime.tree import ConfigTree

    from ..cgroup.manager import CgroupManager
    from .create_options import CreateOptions
    from .settings import Settings


def first_state(
    settings: Settings, identifier: str, options: CreateOptions, config: ConfigTree, manager: CgroupManager
) -> ContainerState:
    """The state of a container that has no process yet (pid 0).

    Args:
        manager: of the cgroups that it will have.

    Raises:
        InvalidArgument, FailedPrecondition, Unsupported: linux.intelRdt cannot be had here.
    """
    annotations = config.get("annotations")
    return ContainerState(
        id=identifier,
        boot=boot_id(),
        bundle=options.bundle,
        rootfs=rootfs_of(config, options.bundle),
        created=precise_timestamp(),
        version=config.get("ociVersion", ""),
        annotations=encode_json(annotations) if annotations else "",
        cgroup_version=manager.version,
        cgroups=tuple(manager.paths().items()),
        hooks=kept_hooks(config),
        systemd_unit=manager.unit,
        resctrl=resctrl_group(config, identifier),
        rootless=tolerates_no_cgroups(settings),
        shared_pids=shares_pids(config),
        no_new_keyring=options.no_new_keyring,
    )


def rootfs_of(config: ConfigTree, bundle: str) -> str:
    """The absolute path of the root file system."""
    path = config.get("root", {}).get("path", "")
    return path if path.startswith("/") else f"{bundle}/{path}"
