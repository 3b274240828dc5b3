"""What killed commands left: containers that nobody attends to, whose processes have ended. Every command sweeps."""

from __future__ import annotations

from tiffin.cli.containers.folder import ContainerFolder, remove_leftovers, take
from tiffin.cli.containers.record import read_record, write_record
from tiffin.cli.daemonless.monitored import SECONDS, exit_code, is_monitored
from tiffin.image.store.containers import all_folders, names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.containers.record import ContainerRecord


def sweep(containers: str) -> list[str]:
    """Removes half-made containers, and those with --rm that have ended; of others, what the runtime holds of them.

    What still runs is left alone: a container outlives its `tiffin run` (`tiffin ps` shows it).

    Returns:
        the names of those that were removed.
    """
    removed = []
    with all_folders(containers):
        for name in names(containers):
            folder = take(containers, name)
            if folder is not None and _clear(folder, name):
                removed.append(name)
    remove_leftovers(containers)
    return removed


def _clear(folder: ContainerFolder, name: str) -> bool:
    """Removes one container if it is to be removed; tells whether it was."""
    record = read_record(folder.path)
    if record is None:
        folder.remove()
        return True
    if (record.ended or _has_ended(folder, name, record)) and record.remove:
        folder.remove()
        return True
    folder.release()
    return False


def _has_ended(folder: ContainerFolder, name: str, record: ContainerRecord) -> bool:
    """Whether one that was not known to have ended has: then that is written down, and its runtime forgets it.

    What one container's runtime or monitor cannot do, or a state that is damaged or of another version, is for who asks
    for that container, not for every command.
    """
    from tiffin.cli.containers.each import EXPECTED  # only where there is a container that may run

    executor = record.executor()
    try:
        if executor.is_alive(name):
            return False
        executor.delete(name)
        code = exit_code(folder.path, seconds=SECONDS) if is_monitored(folder.path) else None
    except EXPECTED:
        return False
    write_record(folder.path, record.replace(ended=True, exit_code=code))
    return True
