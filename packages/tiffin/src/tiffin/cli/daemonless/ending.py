"""How containers end with no daemon: stop, and rm."""

from __future__ import annotations

import os
import signal
import time

from tiffin.cli.containers.folder import ContainerFolder, take
from tiffin.cli.containers.port import PAUSED
from tiffin.cli.containers.record import find_record
from tiffin.cli.containers.signals import stop_signal_number
from tiffin.cli.daemonless.monitored import SECONDS, exit_code, is_monitored, kill
from tiffin.cli.failure import CommandFailed
from tiffin.image.store.containers import all_folders
from tiffin.image.store.lock import acquire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 0.02  # seconds; the process is nobody's child here, and an external runtime tells no pid
PATIENCE = 10.0  # seconds for the kernel to end a process that was killed


def stop(containers: str, name: str, seconds: float | None) -> None:
    """Signal, time to end, SIGKILL. Raises CommandFailed."""
    record = find_record(containers, name)
    if record.ended:
        return
    executor = record.executor()
    executor.kill(name, stop_signal_number(record.stop_signal))
    if executor.status(name) == PAUSED:  # as docker: else it could not do anything about the signal
        executor.resume(name)
    if not _ends(name, executor.is_alive, record.stop_timeout if seconds is None else seconds):
        executor.kill(name, signal.SIGKILL)
        if not _ends(name, executor.is_alive, PATIENCE):
            raise CommandFailed(
                f"{name!r} still runs {PATIENCE:g} s after SIGKILL: it is stuck in the kernel"
            )
    _settle(os.path.join(containers, name))


def _settle(folder: str) -> None:
    """Waits for its exit code to be on the disk."""
    if is_monitored(folder):
        exit_code(folder, seconds=SECONDS)


def _ends(name: str, is_alive: Callable[[str], bool], seconds: float) -> bool:
    """Waits for the end of a container, so many seconds (below zero: for ever); tells whether it came."""
    deadline = time.monotonic() + (seconds if seconds >= 0 else float("inf"))
    while is_alive(name):
        if time.monotonic() > deadline:
            return False
        time.sleep(INTERVAL)
    return True


def remove(containers: str, name: str, *, force: bool) -> None:
    """Removes it. Raises CommandFailed."""
    record = find_record(containers, name)
    with all_folders(containers):
        folder = take(containers, name)
        if folder is not None:
            _remove_unattended(folder, name, force=force)
            return
    if not force:
        raise CommandFailed(f"{name!r} runs: end it first, or `tiffin rm --force {name}`")
    record.executor().delete(name)  # then its `tiffin run` ends too
    wait_for_attendant(containers, name)
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
        if is_monitored(folder.path):
            kill(folder.path)  # where the runtime's state was damaged, it has killed nothing
        _settle(folder.path)
    folder.remove()


def wait_for_attendant(containers: str, name: str) -> None:
    """Until the `tiffin run` that attends to it has ended."""
    try:
        lock = acquire(os.path.join(containers, name, "lock"))
    except FileNotFoundError:  # it was started with --rm
        return
    if lock is not None:
        lock.release()
