"""`RuntimeTable`: what a runtime's name means: names of handlers come first, then those in process, then shims."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.bundles import mark
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.port import TaskRuntime


class Handler(Record):
    """A name of the config. type: `io.containerd.runc.v2`. path: of the shim, "" to look for it. options: defaults."""

    type: str
    path: str = ""
    options: Any | None = None


class Chosen(Record):
    """What a name means. name: what the runtime is told, a name or a path."""

    runtime: TaskRuntime
    name: str
    options: Any | None = None


class RuntimeTable:
    """Chooses by name.

    Args:
        external: shims, whatever their names.
        in_process: names that need no shim.
        handlers: of the config, which come first.
    """

    def __init__(
        self,
        external: TaskRuntime,
        in_process: Mapping[str, TaskRuntime] | None = None,
        handlers: Mapping[str, Handler] | None = None,
    ) -> None:
        self._external = external
        self._in_process = dict(in_process or {})
        self.handlers = dict(handlers or {})

    def choose(self, name: str, options: Any | None = None) -> Chosen:
        """What a container's runtime means. options: of the container; they count before the handler's."""
        handler = self.handlers.get(name) or Handler(name)
        options = options if options is not None else handler.options
        if not handler.path and handler.type in self._in_process:
            return Chosen(self._in_process[handler.type], handler.type, options)
        return Chosen(self._external, handler.path or handler.type, options)

    async def close(self) -> None:
        """Lets go of everything that any of them has."""
        for runtime in {*self._in_process.values(), self._external}:
            await runtime.close()

    def of_bundle(self, bundle: Bundle) -> TaskRuntime:
        """What the task of a bundle runs on: in process where its mark says so."""
        name = mark.read(bundle)
        if name in self._in_process and not os.path.exists(bundle.file("shim-binary-path")):
            return self._in_process[name]
        return self._external
