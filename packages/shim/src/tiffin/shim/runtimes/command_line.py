"""`CommandLine`: an OCI runtime by its command line, as containerd's shim, podman and CRI-O call runc.

`create`, `exec` and `restore` are run by the container's monitor, whose child the new process becomes; the other verbs
are children of this process. Errors are told apart by facts (is there a container of that name?), never by texts.
"""

from __future__ import annotations

import os
import shutil

from tiffin.runtime.errors import AlreadyExists, NotFound, OperationFailed, TimedOut, Unsupported
from tiffin.spec import json_tree

from . import guard
from .arguments import checkpoint_arguments, create_arguments, execute_arguments, restore_arguments
from .commands import LOG_PATH, run_command
from .dialects import dialect_of
from .limits import TimeLimits
from .options import RUNC
from .port import ContainerState
from .reports import said
from .through_monitor import MonitoredCommand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.client import Monitor
    from .commands import Finished
    from .options import CheckpointOptions, RuntimeOptions
    from .port import Creation, Execution

DEFAULT_ROOT = "/run/containerd/runc"  # that of runc's shim, so that `runc --root` finds the same containers


class CommandLine:
    """One runtime with its options; an `OciRuntime`.

    Args:
        options: `directory` may be "" for calls that do not need the monitor.
        namespace: the last part of its root.
        limits: how long each verb may take.

    Raises:
        NotFound: the binary is not installed.
    """

    def __init__(self, options: RuntimeOptions, *, namespace: str, limits: TimeLimits | None = None) -> None:
        self.options = options
        self.limits = limits or TimeLimits()
        self.program = program_of(options.binary or RUNC)
        self.root = os.path.join(options.root or DEFAULT_ROOT, namespace)
        self._dialect = dialect_of(self.program)

    @property
    def host_processes(self) -> bool:
        """See `OciRuntime`; known of runc, crun, youki and tiffin-runtime."""
        return self._dialect.host_processes

    async def create(self, monitor: Monitor, identifier: str, creation: Creation) -> int:
        """See `OciRuntime`."""
        if self._has_folder(identifier):
            raise AlreadyExists(f"{self.program} has a container {identifier} in {self.root}")
        command = self._monitored(monitor, "restore" if creation.restoration else "create", identifier)
        if creation.restoration is None:
            words = create_arguments(self.options, creation)
        else:
            words = restore_arguments(
                self.options, creation, creation.restoration, no_subreaper=self._dialect.no_subreaper
            )
        return await command.run_init(words, creation.streams)

    async def execute(self, monitor: Monitor, identifier: str, execution: Execution) -> int:
        """See `OciRuntime`."""
        command = self._monitored(monitor, "exec", identifier)
        return await command.run_further(execute_arguments(), execution)

    async def start(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._run("start", identifier)

    async def kill(self, identifier: str, signal: int, *, everything: bool = False) -> None:
        """See `OciRuntime`."""
        await self._run("kill", *(["--all"] if everything else []), identifier, str(signal), about=identifier)

    async def delete(self, identifier: str, *, force: bool = False) -> None:
        """See `OciRuntime`."""
        try:
            await self._run("delete", *(["--force"] if force else []), identifier, about=identifier)
        except NotFound:
            if not force:
                raise

    async def pause(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._run("pause", identifier)

    async def resume(self, identifier: str) -> None:
        """See `OciRuntime`."""
        await self._run("resume", identifier)

    async def update(self, identifier: str, resources: bytes) -> None:
        """See `OciRuntime`."""
        await self._run("update", "--resources", "-", identifier, about=identifier, data=resources)

    async def pids(self, identifier: str) -> list[int]:
        """See `OciRuntime`."""
        tree = self._tree("ps", await self._run("ps", "--format", "json", identifier, about=identifier))
        if not isinstance(tree, list) or not all(isinstance(pid, int) for pid in tree):
            raise OperationFailed(f"{self.program} ps: no list of numbers")
        return tree

    async def checkpoint(self, identifier: str, options: CheckpointOptions) -> None:
        """See `OciRuntime`."""
        await self._run("checkpoint", *checkpoint_arguments(options), identifier, about=identifier)

    async def state(self, identifier: str) -> ContainerState:
        """See `OciRuntime`."""
        tree = self._tree("state", await self._run("state", identifier))
        if not isinstance(tree, dict) or not isinstance(tree.get("status"), str):
            raise OperationFailed(f"{self.program} state: has no status")
        pid, bundle = tree.get("pid"), tree.get("bundle")
        return ContainerState(
            tree["status"], pid if isinstance(pid, int) else 0, bundle if isinstance(bundle, str) else ""
        )

    async def settle(self, identifier: str) -> None:
        """See `OciRuntime`."""
        if self.options.directory:
            await guard.released(self.options.directory, identifier, seconds=self.limits.settle)

    def words(self, verb: str, log: str) -> list[str]:
        """The command up to its verb."""
        words = [self.program, "--root", self.root, "--log", log, "--log-format", "json"]
        if self.options.debug:
            words.append("--debug")
        if self.options.systemd_cgroup:
            words.append("--systemd-cgroup")
        return [*words, verb]

    async def failure(self, verb: str, identifier: str, why: str) -> OperationFailed | NotFound | Unsupported:
        """The error for a verb that has failed, by what is there now; its text is the runtime's own."""
        text = why or f"{self.program} {verb}: it failed, and said nothing"
        if verb not in {"create", "restore"} and not await self._knows(verb, identifier):
            return NotFound(text)
        return OperationFailed(text)

    def _monitored(self, monitor: Monitor, verb: str, identifier: str) -> MonitoredCommand:
        return MonitoredCommand(self, monitor, verb, identifier)

    async def _run(self, verb: str, *arguments: str, about: str = "", data: bytes = b"") -> Finished:
        """Runs a verb; `about` is the container where it is not the only argument."""
        identifier = about or arguments[0]
        with guard.held(self.options.directory) as descriptor:
            try:
                finished = await run_command(
                    [*self.words(verb, LOG_PATH), *arguments],
                    seconds=self.limits.of(verb),
                    data=data,
                    guard=descriptor,
                )
            except TimedOut as error:
                raise TimedOut(f"OCI runtime {verb} of {identifier} hangs: {error}") from None
        if finished.status:
            raise await self.failure(verb, identifier, said(finished.log, finished.output))
        return finished

    def _tree(self, verb: str, finished: Finished) -> object:
        try:
            return json_tree.decode(finished.output)
        except json_tree.JSONError as error:
            raise OperationFailed(f"{self.program} {verb} wrote no JSON: {error}") from error

    async def _knows(self, verb: str, identifier: str) -> bool:
        """Whether the runtime has a container of that name."""
        if self._dialect.state_folders:
            return self._has_folder(identifier)
        if verb == "state":
            return False
        words = [*self.words("state", LOG_PATH), identifier]
        return (await run_command(words, seconds=self.limits.state)).status == 0

    def _has_folder(self, identifier: str) -> bool:
        return self._dialect.state_folders and os.path.lexists(os.path.join(self.root, identifier))


def program_of(binary: str) -> str:
    """The absolute path of a runtime. Raises NotFound."""
    path = shutil.which(binary)
    if path is None:
        raise NotFound(f"the OCI runtime {binary} is not installed: it is no program in $PATH")
    return os.path.abspath(path)
