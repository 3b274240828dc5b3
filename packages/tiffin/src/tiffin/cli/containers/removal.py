"""`tiffin rm NAME...`: removes containers."""

from __future__ import annotations

import os

from tiffin.cli.containers.each import for_each
from tiffin.cli.containers.folder import ContainerFolder, remove_leftovers, take
from tiffin.cli.containers.record import find_record
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host
from tiffin.image.store.containers import all_folders
from tiffin.image.store.lock import acquire


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    containers = Host.enter().swept().store.containers
    force = arguments.switch("force")
    code = for_each("rm", arguments.words, lambda name: _remove(containers, name, force=force))
    remove_leftovers(containers)
    return code


def _remove(containers: str, name: str, *, force: bool) -> None:
    record = find_record(containers, name)
    with all_folders(containers):
        folder = take(containers, name)
        if folder is not None:
            _remove_unattended(folder, name, force=force)
            return
    if not force:
        raise CommandFailed(f"{name!r} runs: end it first, or `tiffin rm --force {name}`")
    record.executor().delete(name)  # then its `tiffin run` ends too
    _wait_for_attendant(containers, name)
    with all_folders(containers):
        folder = take(containers, name)
        if folder is not None:
            folder.remove()


def _remove_unattended(folder: ContainerFolder, name: str, *, force: bool) -> None:
    record = find_record(os.path.dirname(folder.path), name)
    if not force and record.is_alive():
        folder.release()
        raise CommandFailed(f"{name!r} runs: end it first, or `tiffin rm --force {name}`")
    if not record.ended:
        record.executor().delete(name)
    folder.remove()


def _wait_for_attendant(containers: str, name: str) -> None:
    try:
        lock = acquire(os.path.join(containers, name, "lock"))
    except FileNotFoundError:  # it was started with --rm
        return
    if lock is not None:
        lock.release()
