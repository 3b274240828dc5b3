"""`Tasks`: the containers of one namespace and their processes; what containerd's Task service is made of.

    Tasks ──► Container ──► Process           known in memory; the same stands on disk, below the bundle
                 │  └────► OciRuntime         create, start, exec, pause ... (`runtimes`)
                 └───────► Monitor            holds the processes and their streams (`monitor`)

Used in one event loop. All of it may be killed with -9 at any moment: `recover` takes each container back.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial

from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, NotFound, Unsupported

from . import creating, deleting, further, killing, recovery, running
from .beginnings import Beginnings
from .container import real_bundle
from .facts import cgroup_manager, processes_in, state_of
from .states import Verb, check
from .surroundings import Surroundings
from .threads import in_thread
from .values import Connection, Patience

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from tiffin.runtime.cgroup.manager import CgroupManager

    from ..events.values import Event
    from ..monitor.values import Exit
    from ..runtimes.options import CheckpointOptions, RuntimeOptions
    from ..runtimes.port import OciRuntime
    from ..stdio import Stdio
    from .container import Container
    from .records import TaskRecord
    from .surroundings import Watcher
    from .values import Activity, CreateTask, Deleted, ProcessInfo, ProcessState

    Recovery = Callable[[TaskRecord, Surroundings], Awaitable[Container | None]]


class Tasks:
    """See the top. Methods take a container's id and, where they say so, an exec's; "" is its first process.

    They raise the classes of `tiffin.runtime.errors`: NotFound for what is not there, FailedPrecondition for what a
    state does not allow (`states`), Unavailable where the monitor is gone, and what `OciRuntime` raises.

    Args:
        emit: gets every event, in order, in the event loop; must not raise. After a kill an event may come twice.
        runtime_for: makes the runtime of a container, by its options; also when it is taken back.
        namespace: the manager's; loggers are told it.
        watcher: is told of the cgroups of containers, if anybody wants to know.
        measure: makes the answer of `stats` from a container's cgroups; called in a thread.
        patience: how long to wait for what is not a runtime's command.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        runtime_for: Callable[[RuntimeOptions], OciRuntime],
        *,
        namespace: str,
        watcher: Watcher | None = None,
        measure: Callable[[CgroupManager], Any] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._surroundings = Surroundings(emit, runtime_for, namespace, watcher, patience or Patience())
        self._measure = measure
        self._containers: dict[str, Container] = {}
        self._beginnings = Beginnings()
        self._returning = Beginnings()  # those of them that are taken back

    # Making, taking back, removing.

    async def create(self, request: CreateTask) -> int:
        """Makes a task, whose first process waits for `start`; returns its pid, 0 if it is restored by `start`.

        Raises:
            AlreadyExists: there is one. Else as `creating.create`; then nothing of it is left.
        """
        with self._beginnings.of(request.id, real_bundle(request.bundle)):
            if request.id in self._containers:
                raise AlreadyExists(f"task {request.id}: already exists")
            container = await creating.create(request, self._surroundings)
            self._containers[container.id] = container
        return container.init.pid

    async def recover(self, bundle: str) -> str | None:
        """Takes the task of a bundle back; returns its id. None: there was none, or a half-made one, which is undone.

        Raises:
            AlreadyExists: it is here. Else as `recovery.recover`; then it may be tried again.
        """
        return await self._take_back(real_bundle(bundle), recovery.recover)

    async def recover_at_last(self, bundle: str) -> str | None:
        """As `recover`, but what does not answer is asked again till it does; who wants the task waits for that."""
        return await self._take_back(real_bundle(bundle), recovery.recover_at_last)

    async def _take_back(self, path: str, how: Recovery) -> str | None:
        with self._beginnings.of(path):
            if (found := self._of_bundle(path)) is not None:
                raise AlreadyExists(f"task {found.id} is here, in {path}")
            record = recovery.record_of(path)
            if record is None:
                return None
            identifier = record.request.id
            if identifier in self._containers:
                raise AlreadyExists(f"task {identifier} is here, in {self._containers[identifier].bundle}")
            with self._returning.of(identifier):
                container = await how(record, self._surroundings)
            if container is None:
                return None
            self._containers[identifier] = container  # before those who have waited go on
        return identifier

    async def delete(self, container: str, exec_id: str = "") -> Deleted:
        """Removes a process that has ended, or was never started; of the first one the whole task.

        One that is being made is removed when it is made, as by runc's shim: its client has given it up.
        """
        await self._beginnings.wait(container)
        found = await self._known(container)
        if exec_id:
            return await deleting.delete_exec(found, found.process(exec_id))
        was = await deleting.delete(found)
        self._drop(found)
        return was

    async def clean_up(self, bundle: str) -> Deleted | None:
        """Removes the task of a bundle, in whatever state: what runs is killed. None: there was none."""
        path = real_bundle(bundle)
        await self._beginnings.wait(path)
        if self._of_bundle(path) is None:
            await self._take_back(path, partial(recovery.recover, by_force=True))
        found = self._of_bundle(path)
        if found is None:
            return None
        if not found.init.settled.is_set() and found.init.pid:
            await killing.end(found)
        was = await deleting.delete(found)
        self._drop(found)
        return was

    def _of_bundle(self, path: str) -> Container | None:
        return next((one for one in self._containers.values() if one.bundle == path), None)

    def _drop(self, container: Container) -> None:
        if self._containers.get(container.id) is container:
            del self._containers[container.id]

    # Processes.

    async def start(self, container: str, exec_id: str = "") -> int:
        """Lets the first process run, or runs an exec; returns its pid."""
        found = await self._known(container)
        if exec_id:
            return await further.start(found, found.process(exec_id))
        return await running.start(found)

    async def execute(
        self, container: str, exec_id: str, process: Mapping[str, Any] | bytes, stdio: Stdio
    ) -> None:
        """Adds an exec, for `start`. process: OCI's `process` object, or its JSON; stdio says if it has a terminal."""
        further.add(await self._known(container), exec_id, process, stdio)

    async def wait(self, container: str, exec_id: str = "") -> Exit:
        """Waits for the end of a process, which may be over already; FailedPrecondition: an exec did not start."""
        process = (await self._known(container)).process(exec_id)
        await process.settled.wait()
        if process.failure is not None:
            raise process.failure
        if process.exit is None:
            raise FailedPrecondition(f"{container} {exec_id}: has not ended")
        return process.exit

    async def kill(
        self, container: str, exec_id: str = "", signal: int = killing.SIGKILL, *, everything: bool = False
    ) -> None:
        """Sends a signal. everything: to all processes of the container, or to all that an exec has started."""
        found = await self._known(container)
        await killing.kill(found, found.process(exec_id), signal, everything=everything)

    async def resize(self, container: str, exec_id: str, width: int, height: int) -> None:
        """Sets the size of a terminal, in characters; a process without one does not mind."""
        found = await self._known(container)
        process = found.process(exec_id)
        check(process.rules, Verb.RESIZE, process.status, found.said(process))
        if process.stdio.terminal and process.pid:
            await found.told(found.connected().resize(process.name, width, height))

    async def close_io(self, container: str, exec_id: str = "") -> None:
        """Its stdin ends, after what was written to it; once more, or without one, is no error.

        One that does not run yet finds it ended: a client may be through with its input before `start` has returned.
        """
        found = await self._known(container)
        process = found.process(exec_id)
        if process.stdio.stdin and process.exit is None:
            process.stdin_ended = True
            if process.pid:
                await found.told(found.connected().close_stdin(process.name))
            else:
                found.write(process)

    # What is known.

    def containers(self) -> tuple[str, ...]:
        """The ids of all, also of those that are being taken back."""
        return (*self._containers, *self._returning.names())

    async def state(self, container: str, exec_id: str = "") -> ProcessState:
        """A process as it is known; asks nobody, and waits for nothing but that its task is taken back."""
        found = await self._known(container)
        return state_of(found, found.process(exec_id))

    def execs(self, container: str) -> tuple[str, ...]:
        """The ids of the further processes of a container."""
        return tuple(self._container(container).execs)

    async def pids(self, container: str) -> list[ProcessInfo]:
        """All processes in a container."""
        return await processes_in(await self._known(container))

    async def stats(self, container: str) -> Any:
        """What `measure` makes of its cgroups.

        Raises:
            NotFound: it has none of its own that we can see. So says runc's shim, and containerd leaves it out of its
                metrics then, without a word.
            Unsupported: these tasks were made without `measure`.
        """
        manager = cgroup_manager(await self._known(container))
        if self._measure is None:
            raise Unsupported(f"container {container}: nobody measures its cgroups")
        if manager is None:
            raise NotFound(f"cgroup does not exist: container {container} has none of its own")
        return await in_thread(self._measure, manager)

    async def connect(self, container: str) -> Connection:
        """The pids of this process, and of the container's first one. Waits for nothing."""
        return Connection(os.getpid(), self._container(container).init.pid)

    def activities(self) -> tuple[Activity, ...]:
        """What is at work, and for how long: where it hangs."""
        return tuple(one for container in self._containers.values() for one in container.activities())

    # Changes.

    async def pause(self, container: str) -> None:
        """Freezes all its processes."""
        await running.pause(await self._known(container))

    async def resume(self, container: str) -> None:
        """Lets them run on."""
        await running.resume(await self._known(container))

    async def update(self, container: str, resources: bytes) -> None:
        """Changes limits. resources: OCI's `linux.resources` as JSON."""
        await running.update(await self._known(container), resources)

    async def checkpoint(self, container: str, options: CheckpointOptions) -> None:
        """Writes it to disk with CRIU."""
        await running.checkpoint(await self._known(container), options)

    async def close(self) -> None:
        """Lets go of all containers: they live on, and `recover` of another `Tasks` takes them."""
        containers = list(self._containers.values())
        self._containers.clear()
        await asyncio.gather(*(container.close() for container in containers))

    async def _known(self, identifier: str) -> Container:
        """Waits for one that is just being taken back. Raises NotFound."""
        await self._returning.wait(identifier)
        return self._container(identifier)

    def _container(self, identifier: str) -> Container:
        found = self._containers.get(identifier)
        if found is None:
            raise NotFound(f"container not created: no task {identifier}")
        return found
