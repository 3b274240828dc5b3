"""`ManagedContainers`: the containers of one namespace of a manager, as the verbs want them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.ending import remove, stop
from tiffin.cli.managed.listing import config_of, inspected, listed
from tiffin.cli.managed.loop import Loop
from tiffin.cli.managed.pids import check_pids, check_root
from tiffin.cli.managed.states import running, state_of, task_of
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Self

    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.cli.containers.port import Execution, Listed, LogView, Sample
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client


class ManagedContainers:
    """A `Containers` of the port.

    Args:
        address: of the manager's socket.
    """

    def __init__(self, address: str, namespace: str) -> None:
        self.loop = Loop(address, namespace)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.__exit__()

    def list(self) -> list[Listed]:
        """See `Containers`."""

        async def ask(client: Client) -> list[Listed]:
            tasks = await client.containers.tasks()
            found = await client.containers.list()
            return [listed(each, tasks[each.id].state if each.id in tasks else None) for each in found]

        return self.loop.run(ask)

    def inspect(self, name: str) -> dict[str, Any]:
        """See `Containers`."""

        async def ask(client: Client) -> dict[str, Any]:
            container = await client.containers.get(name)
            return inspected(container.record, await state_of(client, name))

        return self.loop.run(ask)

    def pid(self, name: str) -> int:
        """See `Containers`."""

        async def ask(client: Client) -> int:
            state = await running(client, name)
            await check_pids(client, self.loop.address, f"`tiffin exec {name} tar ...` copies there")
            return state.pid

        pid = self.loop.run(ask)
        check_root(name, pid)
        return pid

    def pids(self, name: str) -> Sequence[int]:
        """See `Containers`."""

        async def ask(client: Client) -> Sequence[int]:
            await running(client, name)
            await check_pids(client, self.loop.address, f"`tiffin exec {name} ps` lists them there")
            return [each.pid for each in await task_of(client, name).pids()]

        return self.loop.run(ask)

    def execute(self, name: str, execution: Execution) -> int:
        """See `Containers`."""
        from tiffin.cli.managed.executing import execute

        async def ask(client: Client) -> int:
            container = await client.containers.get(name)
            state = await running(client, name)
            if execution.user:  # looked up in the root of that process
                await check_pids(client, self.loop.address, "Without --user it runs there")
            return await execute(container.task(), config_of(container.record), state.pid, execution)

        return self.loop.run(ask)

    def run(self, arguments: Arguments) -> int:
        """Makes a container and runs it; see `managed.making`."""
        from tiffin.cli.managed.making import run

        return self.loop.run(lambda client: run(client, arguments))

    def attach(self, name: str, *, stdin: bool) -> int:
        """See `Containers`."""
        from tiffin.cli.managed.attaching import attach

        async def ask(client: Client) -> int:
            state = await running(client, name)
            return await attach(task_of(client, name), state, stdin=stdin)

        return self.loop.run(ask)

    def logs(self, name: str, view: LogView) -> None:
        """See `Containers`."""
        from tiffin.cli.managed.logs import show_log

        async def ask(client: Client) -> tuple[dict[str, str], ProcessState | None]:
            container = await client.containers.get(name)
            return dict(container.record.labels), await state_of(client, name)

        show_log(self.loop, name, *self.loop.run(ask), view)

    def stop(self, name: str, seconds: float | None) -> None:
        """See `Containers`."""
        self.loop.run(lambda client: stop(client, name, seconds))

    def kill(self, name: str, number: int) -> None:
        """See `Containers`."""

        async def ask(client: Client) -> None:
            await running(client, name)
            await task_of(client, name).kill(number)

        self.loop.run(ask)

    def pause(self, name: str) -> None:
        """See `Containers`."""

        async def ask(client: Client) -> None:
            await running(client, name)
            await task_of(client, name).pause()

        self.loop.run(ask)

    def resume(self, name: str) -> None:
        """See `Containers`."""

        async def ask(client: Client) -> None:
            await running(client, name)
            await task_of(client, name).resume()

        self.loop.run(ask)

    def remove(self, name: str, *, force: bool) -> None:
        """See `Containers`."""
        self.loop.run(lambda client: remove(client, name, force=force))

    def wait(self, name: str) -> int:
        """See `Containers`."""

        async def ask(client: Client) -> int:
            await client.containers.get(name)
            with suppress(NotFound):
                return (await task_of(client, name).wait()).status
            raise CommandFailed(f"{name!r} has no task: it was never started, or its end was taken note of")

        return self.loop.run(ask)

    def sample(self, name: str) -> Sample:
        """See `Containers`."""
        from tiffin.cli.managed.metrics import sample_of

        async def ask(client: Client) -> Sample:
            await running(client, name)
            return sample_of(await task_of(client, name).metrics())

        return self.loop.run(ask)

    def events(self, filters: Sequence[str]) -> Iterator[dict[str, Any]]:
        """See `Containers`."""
        from tiffin.cli.managed.happenings import events

        return self.loop.each(events(self.loop.client, filters))
