"""The table of what a shim serves: methods of services, whose failures are told in the words of `errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.sandbox.v1.sandbox_services import SANDBOX
from tiffin.api.containerd.runtime.task.v3.shim_services import TASK
from tiffin.runtime.errors import RuntimeFailure
from tiffin.ttrpc import implement

from .errors import rpc_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    from tiffin.api.service import Service
    from tiffin.ttrpc import Context
    from tiffin.ttrpc.server.method import Method, Services

    from .sandbox import SandboxService
    from .tasks import TaskService

TASK_V2 = "containerd.task.v2.Task"
"""Its messages are those of version 3, byte for byte (a test compares them), so these serve both."""

VERBS: Mapping[str, str] = {  # what the real shim calls it when its runtime fails
    "Create": "create",
    "Start": "start",
    "Delete": "delete",
    "Pause": "pause",
    "Resume": "resume",
    "Kill": "kill",
    "Update": "update",
    "Checkpoint": "checkpoint",
    "CreateSandbox": "create",
    "StartSandbox": "start",
}


def services_of(task: TaskService, sandbox: SandboxService) -> Services:
    """All that a shim serves."""
    methods = methods_of(TASK, task)
    return {TASK.name: methods, TASK_V2: methods, SANDBOX.name: methods_of(SANDBOX, sandbox)}


def methods_of(service: Service, handlers: object) -> dict[str, Method]:
    """The rows of a service, whose methods have the same names in Python's way."""
    return implement(
        service, {name: _told(name, getattr(handlers, _python_name(name))) for name in service.methods}
    )


def _python_name(method: str) -> str:
    """`ResizePty` is `resize_pty`, `CloseIO` is `close_io`."""
    words = "".join(
        f"_{letter}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f" {method}", method, strict=False)
    )
    return words.lower()


def _told(
    name: str, handler: Callable[[Any, Context], Awaitable[Any]]
) -> Callable[[Any, Context], Awaitable[Any]]:
    """The handler, whose failures are told as a code and a text."""

    async def answered(request: Any, context: Context) -> Any:
        try:
            return await handler(request, context)
        except RuntimeFailure as error:
            verb = "exec" if name == "Start" and request.exec_id else VERBS.get(name, "")
            raise rpc_error(error, verb) from error

    return answered
