"""What killed commands left: containers that nobody attends to, whose processes have ended. Every command sweeps."""

from __future__ import annotations

from tiffin.cli.containers.folder import ContainerFolder, remove_leftovers, take
from tiffin.cli.containers.record import read_record, write_record
from tiffin.cli.daemonless.monitored import SECONDS, exit_code, is_monitored
from tiffin.image.store.containers import all_folders, names


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
    if not record.ended:
        executor = record.executor()
        if executor.is_alive(name):
            folder.release()
            return False
        executor.delete(name)
        code = exit_code(folder.path, seconds=SECONDS) if is_monitored(folder.path) else None
        write_record(folder.path, record.replace(ended=True, exit_code=code))
    if record.remove:
        folder.remove()
        return True
    folder.release()
    return False
