"""What killed commands left: containers that nobody attends to, whose processes have ended."""

from __future__ import annotations

from tiffin.cli.containers.folder import ContainerFolder, names, remove_leftovers, take
from tiffin.cli.containers.record import read_record
from tiffin.cli.execute import executor_for


def sweep(containers: str) -> list[str]:
    """Removes half-made containers, and those with --rm that have ended without us. What still runs is left alone.

    Returns:
        the names of those that were removed.
    """
    remove_leftovers(containers)
    removed = []
    for name in names(containers):
        folder = take(containers, name)
        if folder is not None and _clear(folder, name):
            removed.append(name)
    return removed


def _clear(folder: ContainerFolder, name: str) -> bool:
    """Removes one container if it is to be removed; tells whether it was."""
    record = read_record(folder.path)
    if record is not None:
        executor = executor_for(record.runtime, record.state)
        if executor.is_alive(name) or not record.remove:
            folder.release()
            return False
        executor.delete(name)
    folder.remove()
    return True
