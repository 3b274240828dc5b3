"""The process of an `exec`: that of the container's config, with what the flags change."""

from __future__ import annotations

from tiffin.cli.parse import UsageError
from tiffin.cli.run.config.user import look_up, read_of_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.cli.containers.port import Execution


def process_tree(config: dict[str, Any], execution: Execution, pid: int) -> dict[str, Any]:
    """OCI's `process`.

    Args:
        config: of the container. pid: of its first process, in whose root users are looked up.

    Raises:
        UsageError: a user that the container does not know, or a directory that is no absolute path.
    """
    process = dict(config.get("process") or {"user": {"uid": 0, "gid": 0}})
    process["args"] = list(execution.args)
    process["terminal"] = execution.tty
    process.pop("consoleSize", None)
    process["cwd"] = execution.workdir or process.get("cwd") or "/"
    if not process["cwd"].startswith("/"):
        raise UsageError(f"--workdir: {execution.workdir!r} is no absolute path")
    environment = dict(text.partition("=")[::2] for text in process.get("env") or ())
    if execution.user:
        identity = look_up(execution.user, lambda path: read_of_process(pid, path))
        groups = list(identity.groups)
        process["user"] = {"uid": identity.uid, "gid": identity.gid, "additionalGids": groups}
        environment["HOME"] = identity.home
    environment.update(text.partition("=")[::2] for text in execution.environment)
    process["env"] = [f"{name}={value}" for name, value in environment.items()]
    return process
