"""`ShimProgram`: a shim's program, and what it is called for: `start`, `delete` and `-info`.

A shim of containerd 2.3 or newer reads BootstrapParams from its stdin, an older one the options of the runtime. A newer
one refuses options before it has done anything, so they are tried first; which one it is, is remembered.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from tiffin.api.containerd.runtime.bootstrap.v1.bootstrap_pb2 import BootstrapParams, Extension
from tiffin.api.containerd.runtime.task.v2.shim_pb2 import DeleteResponse
from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo
from tiffin.manager.runtimes.external.bootstrap import Bootstrap, parsed
from tiffin.manager.runtimes.external.programs import Ended, run_program
from tiffin.manager.runtimes.values import Exit
from tiffin.runtime.errors import OperationFailed, Unsupported
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.bundles.bundle import Bundle


class Daemon(Record):
    """What a shim is told of us.

    Args:
        address: of our socket for gRPC: a path.
        ttrpc_address: of our socket for ttrpc, where its events go.
        program: ours, which publishes an event for a shim that has no ttrpc: `<program> publish ...`.
        environment: more variables for the shim, as (name, value).
        debug: shims are to log more.
        start, delete: how long these may take, seconds.
    """

    address: str
    ttrpc_address: str
    program: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    debug: bool = False
    start: float = 60.0
    delete: float = 10.0


Known = dict[tuple[str, int, int], bool]
"""Whether a program reads BootstrapParams, by its path, inode and time."""


class ShimProgram:
    """The program at `path`, called for `daemon`. known: what was found out of all programs; it is added to."""

    def __init__(self, path: str, daemon: Daemon, known: Known) -> None:
        self.path = path
        self._daemon = daemon
        self._known = known

    async def start(self, bundle: Bundle, options: Any | None) -> Bootstrap:
        """Starts a shim for a bundle, or finds that another one takes it, too. Raises OperationFailed, TimedOut."""
        status = os.stat(self.path)
        program = (self.path, status.st_ino, status.st_mtime_ns)
        known = self._known.get(program)
        failed: list[str] = []
        for bootstrap in (False, True) if known is None else (known,):
            stdin = self._parameters(bundle, options) if bootstrap else _serialized(options)
            ended = await self._run(bundle, "start", stdin, self._daemon.start)
            if ended.status == 0:
                self._known[program] = bootstrap
                return parsed(ended.stdout)
            failed.append(_words(ended))
        raise OperationFailed(f"{self.path} start: {'; '.join(dict.fromkeys(failed))}")

    async def delete(self, bundle: Bundle) -> Exit:
        """Removes what a dead shim has left, and kills its container. Raises OperationFailed, TimedOut."""
        ended = await self._run(bundle, "delete", b"", self._daemon.delete)
        if ended.status != 0:
            raise OperationFailed(f"{self.path} delete: {_words(ended)}")
        try:
            answer = DeleteResponse.FromString(ended.stdout)
        except DecodeError as error:
            raise OperationFailed(f"{self.path} delete has printed no answer") from error
        return Exit(answer.pid, answer.exit_status, answer.exited_at.ToNanoseconds())

    async def info(self, options: Any | None) -> RuntimeInfo:
        """What it says of itself. Raises Unsupported (shims before containerd 2.0 do not), TimedOut."""
        environment = dict(os.environ)
        ended = await run_program(
            [self.path, "-info"],
            directory=None,
            environment=environment,
            stdin=_serialized(options),
            seconds=self._daemon.delete,
        )
        if ended.status != 0:
            raise Unsupported(f"{self.path} -info: {_words(ended)}")
        return RuntimeInfo.FromString(ended.stdout)

    async def _run(self, bundle: Bundle, action: str, stdin: bytes, seconds: float) -> Ended:
        flags = ["-namespace", bundle.namespace, "-address", self._daemon.address, "-id", bundle.id]
        flags += ["-publish-binary", self._daemon.program]
        if action == "delete":
            flags += ["-bundle", bundle.path]
        if self._daemon.debug:
            flags.append("-debug")
        return await run_program(
            [self.path, *flags, action],
            directory=bundle.path,
            environment=self._environment(bundle.namespace),
            stdin=stdin,
            seconds=seconds,
        )

    def _environment(self, namespace: str) -> dict[str, str]:
        ours = {
            "GOMAXPROCS": "2",
            "MAX_SHIM_VERSION": "2",
            "TTRPC_ADDRESS": self._daemon.ttrpc_address,
            "GRPC_ADDRESS": self._daemon.address,
            "NAMESPACE": namespace,
        }
        return {**os.environ, **ours, **dict(self._daemon.environment)}

    def _parameters(self, bundle: Bundle, options: Any | None) -> bytes:
        params = BootstrapParams(
            instance_id=bundle.id,
            namespace=bundle.namespace,
            containerd_version="2.4.0",  # whose protocol this is; our own version would tell a shim nothing
            containerd_ttrpc_address=self._daemon.ttrpc_address,
            containerd_grpc_address=self._daemon.address,
            containerd_binary=self._daemon.program,
            extensions=[] if options is None else [Extension(value=options)],
        )
        return params.SerializeToString()


def _serialized(options: Any | None) -> bytes:
    return b"" if options is None else options.SerializeToString()


def _words(ended: Ended) -> str:
    """What went wrong, in the program's own words."""
    text = (ended.stderr or ended.stdout).decode(errors="replace").strip()
    return text[-2000:] or f"it ended with {ended.status}"
