"""Those verbs of our executor that need a word more than its library has. Each is called in a thread."""

from __future__ import annotations

import time

from tiffin.runtime.errors import FailedPrecondition, InvalidArgument
from tiffin.runtime.lifecycle.config import decode_tree
from tiffin.runtime.lifecycle.loaded import LoadedContainer
from tiffin.runtime.lifecycle.update import update
from tiffin.runtime.state.directory import StateDirectory

from ..port import ContainerState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.lifecycle.settings import Settings

    from ..options import CheckpointOptions
    from .stopping import Stop

INTERVAL = 0.01  # seconds: flock(2) cannot be waited for with a time limit


def change_limits(settings: Settings, identifier: str, resources: bytes) -> None:
    """`update`. resources: OCI's `linux.resources`, as JSON."""
    tree = decode_tree(resources, source="standard input")  # the word of `update --resources -`
    if not isinstance(tree, dict):
        raise InvalidArgument("resources: not a JSON object")
    update(settings, identifier, tree)


def state_of(settings: Settings, identifier: str) -> ContainerState:
    """`state`. A container that has stopped has no pid."""
    container = LoadedContainer(settings.root, identifier)
    status = container.status()
    state = container.state
    return ContainerState(status, 0 if status == "stopped" else state.pid, state.bundle)


def dump(settings: Settings, identifier: str, options: CheckpointOptions, stop: Stop) -> None:
    """`checkpoint`. CRIU is killed when it is told to stop."""
    from tiffin.runtime.checkpoint import dump as criu
    from tiffin.runtime.checkpoint.options import CheckpointOptions as CriuOptions

    flags = CriuOptions(
        image_path=options.image,
        work_path=options.work,
        tcp_established=options.open_tcp,
        external_unix_sockets=options.external_unix_sockets,
        shell_job=options.terminal,
        file_locks=options.file_locks,
        manage_cgroups_mode=options.cgroups_mode,
        empty_namespaces=options.empty_namespaces,
        parent_path=options.parent,
        leave_running=not options.exit,
        stop=stop.descriptor,
    )
    criu.checkpoint(settings, identifier, flags)


def wait_for_lock(settings: Settings, identifier: str, stop: Stop) -> None:
    """Returns when nobody works on the container, or when told to stop. Raises NotFound, TimedOut."""
    directory = StateDirectory(settings.root, identifier)
    while True:
        try:
            directory.lock(wait=False).release()
            return
        except FailedPrecondition:
            stop.check()
            time.sleep(INTERVAL)
