"""`tiffin rm NAME...`: removes containers."""

from __future__ import annotations

import sys

from tiffin.cli.containers.folder import check_name, take
from tiffin.cli.containers.record import read_record
from tiffin.cli.execute import executor_for
from tiffin.cli.failure import CommandFailed
from tiffin.cli.parse import Arguments
from tiffin.cli.run.host import Host


def main(arguments: Arguments) -> int:
    """Removes each; 1 if one could not be removed."""
    containers = Host.enter().store.containers
    code = 0
    for name in arguments.words:
        try:
            check_name(name)
            _remove(containers, name, force=arguments.switch("force"))
            print(name)
        except CommandFailed as error:
            print(f"tiffin rm: {error}", file=sys.stderr)
            code = 1
    return code


def _remove(containers: str, name: str, *, force: bool) -> None:
    folder = take(containers, name)
    if folder is None:
        _remove_attended(containers, name, force=force)
        return
    record = read_record(folder.path)
    if record is not None:
        executor = executor_for(record.runtime, record.state)
        if executor.is_alive(name) and not force:
            folder.release()
            raise CommandFailed(f"{name!r} runs: end it first, or `tiffin rm --force {name}`")
        executor.delete(name)
    folder.remove()


def _remove_attended(containers: str, name: str, *, force: bool) -> None:
    """A container whose `tiffin run` lives: kill it, and its `tiffin run` ends; then remove what that has kept."""
    import os

    record = read_record(os.path.join(containers, name))
    if record is None:
        raise CommandFailed(f"there is no container {name!r} (`tiffin ps --all` lists them)")
    if not force:
        raise CommandFailed(f"{name!r} runs: end it first, or `tiffin rm --force {name}`")
    executor_for(record.runtime, record.state).delete(name)
    from tiffin.image.store.lock import acquire

    try:
        lock = acquire(os.path.join(containers, name, "lock"))
    except FileNotFoundError:  # it was started with --rm
        return
    if lock is not None:
        lock.release()
    folder = take(containers, name)
    if folder is not None:
        folder.remove()
