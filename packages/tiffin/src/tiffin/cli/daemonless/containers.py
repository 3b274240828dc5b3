"""`DaemonlessContainers`: the containers in the store, as the verbs want them."""

from __future__ import annotations

import os

from tiffin.cli.containers.folder import remove_leftovers
from tiffin.cli.containers.json_file import json_bytes
from tiffin.cli.containers.port import ALIVE, PAUSED, Listed
from tiffin.cli.containers.record import ContainerRecord, find_record, read_record
from tiffin.cli.daemonless.monitored import LOG, exit_code, is_monitored
from tiffin.cli.failure import CommandFailed
from tiffin.image.store.containers import names
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Self

    from tiffin.cli.containers.port import Execution, LogView, Sample
    from tiffin.cli.run.host import Host


class DaemonlessContainers:
    """A `Containers` of the port."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._folder = host.store.containers

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """What has just ended is cleared away by the next command, or by `stop` and `rm` themselves."""

    def list(self) -> list[Listed]:
        """See `Containers`."""
        found = (read_record(os.path.join(self._folder, name)) for name in names(self._folder))
        return [self._listed(record) for record in found if record is not None]

    def _listed(self, record: ContainerRecord) -> Listed:
        status = _status(record)
        tree = {**dict(zip(record._fields, record, strict=True)), "status": status}
        return Listed(record.name, record.image, record.command, record.created, status, tree)

    def inspect(self, name: str) -> dict[str, Any]:
        """See `Containers`."""
        record = find_record(self._folder, name)
        listed = self._listed(record)
        config = self._config(name)
        pid = record.executor().pid(name) if listed.status in ALIVE else 0
        log = os.path.join(self._folder, name, LOG) if self._is_monitored(name) else ""
        return {
            **listed.tree,
            "pid": pid,
            "folder": os.path.join(self._folder, name),
            "log": log,
            "config": config,
        }

    def pid(self, name: str) -> int:
        """See `Containers`."""
        return self._running(name).executor().pid(name)

    def pids(self, name: str) -> Sequence[int]:
        """See `Containers`."""
        executor = self._running(name).executor()
        if self._host.cgroup_version():
            return executor.pids(name)
        from tiffin.cli.daemonless.pid_namespace import pids_beside

        return pids_beside(executor.pid(name))

    def execute(self, name: str, execution: Execution) -> int:
        """See `Containers`."""
        record = self._running(name)
        if record.executor().status(name) == PAUSED:
            raise CommandFailed(f"{name!r} is paused: `tiffin unpause {name}` first")
        folder = os.path.join(self._folder, name)
        if execution.detach and is_monitored(folder):
            self._execute_detached(record, folder, execution)
            return 0
        return record.executor().execute(name, folder, execution)

    def _execute_detached(self, record: ContainerRecord, folder: str, execution: Execution) -> None:
        from tiffin.cli.containers.exec_process import process_tree
        from tiffin.cli.daemonless.background import Background, execute_in_background

        process = process_tree(self._config(record.name), execution, record.executor().pid(record.name))
        background = Background(record.name, folder, record.runtime, record.state)
        execute_in_background(background, json_bytes(process))

    def _config(self, name: str) -> dict[str, Any]:
        path = os.path.join(self._folder, name, "config.json")
        try:
            with open(path, "rb") as file:
                config: Any = decode(file.read())
        except JSONError as error:
            raise CommandFailed(f"{path} is damaged: {error}") from error
        found: dict[str, Any] = config
        return found

    def attach(self, name: str, *, stdin: bool) -> int:
        """See `Containers`."""
        self._running(name)
        if not self._is_monitored(name):
            raise CommandFailed(f"{name!r} was not started with --detach: its streams are its caller's")
        from tiffin.cli.daemonless.joining import attach

        process = self._config(name)["process"]
        folder = os.path.join(self._folder, name)
        return attach(name, folder, tty=bool(process.get("terminal")), stdin=stdin)

    def logs(self, name: str, view: LogView) -> None:
        """See `Containers`."""
        find_record(self._folder, name)
        if not self._is_monitored(name):
            raise CommandFailed(f"{name!r} was not started with --detach: its output went to its caller")
        from tiffin.cli.daemonless.logs import show_log

        show_log(os.path.join(self._folder, name), view)

    def stop(self, name: str, seconds: float | None) -> None:
        """See `Containers`."""
        from tiffin.cli.daemonless.ending import stop

        stop(self._folder, name, seconds)
        self._host.swept()

    def kill(self, name: str, number: int) -> None:
        """See `Containers`."""
        self._running(name).executor().kill(name, number)

    def pause(self, name: str) -> None:
        """See `Containers`."""
        executor = self._running(name).executor()
        if executor.status(name) == PAUSED:
            raise CommandFailed(f"{name!r} is paused already")
        executor.pause(name)

    def resume(self, name: str) -> None:
        """See `Containers`."""
        executor = self._running(name).executor()
        if executor.status(name) != PAUSED:
            raise CommandFailed(f"{name!r} is not paused")
        executor.resume(name)

    def remove(self, name: str, *, force: bool) -> None:
        """See `Containers`."""
        from tiffin.cli.daemonless.ending import remove

        remove(self._folder, name, force=force)
        remove_leftovers(self._folder)

    def wait(self, name: str) -> int:
        """See `Containers`."""
        record = find_record(self._folder, name)
        code = record.exit_code
        if code is None and self._is_monitored(name):
            code = exit_code(os.path.join(self._folder, name))
        elif code is None and not record.ended:
            from tiffin.cli.daemonless.ending import wait_for_attendant

            wait_for_attendant(self._folder, name)
            record_then = read_record(os.path.join(self._folder, name))
            code = None if record_then is None else record_then.exit_code
        if code is None:
            raise CommandFailed(
                f"{name!r} has ended, but its exit code is not known: nobody was there to see it"
            )
        return code

    def sample(self, name: str) -> Sample:
        """See `Containers`."""
        from tiffin.cli.daemonless.metrics import sample_of

        return sample_of(self.pid(name))

    def events(self, filters: Sequence[str]) -> Iterator[dict[str, Any]]:  # noqa: ARG002  # the port's
        """See `Containers`: nobody is there who could tell."""
        raise CommandFailed(
            "without a daemon nobody tells of events: `tiffin --address SOCKET events` asks a manager, "
            "`tiffin wait NAME` waits for the end of one container"
        )

    def _running(self, name: str) -> ContainerRecord:
        record = find_record(self._folder, name)
        if not record.is_alive():
            raise CommandFailed(f"{name!r} does not run")
        return record

    def _is_monitored(self, name: str) -> bool:
        return is_monitored(os.path.join(self._folder, name))


def _status(record: ContainerRecord) -> str:
    from tiffin.cli.containers.each import EXPECTED

    try:
        status = "" if record.ended else record.executor().status(record.name)
    except EXPECTED:  # its runtime is gone, or its state is damaged; the others are listed all the same
        return "unknown"
    if status in ALIVE:
        return status
    return "ended" if record.exit_code is None else f"exited ({record.exit_code})"
