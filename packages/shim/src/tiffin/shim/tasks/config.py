"""What has to be known of a container's config.json: everything else is the runtime's business."""

from __future__ import annotations

import errno
import os

from tiffin.runtime.cgroup.layout import detect_layout
from tiffin.runtime.cgroup.paths import container_directories
from tiffin.runtime.errors import InvalidArgument, NotFound, OperationFailed, Unsupported
from tiffin.spec import json_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .values import CreateTask


def read_config(bundle: str) -> dict[str, Any]:
    """The config.json of a bundle.

    Raises:
        NotFound: there is none. InvalidArgument: it is no JSON object. OperationFailed: it cannot be read.
    """
    path = os.path.join(bundle, "config.json")
    try:
        with open(path, "rb") as stream:
            config = json_tree.decode(stream.read())
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise NotFound(f"{path}: {error.strerror}") from error
        raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error
    except json_tree.JSONError as error:
        raise InvalidArgument(f"{path}: {error}") from error
    if not isinstance(config, dict):
        raise InvalidArgument(f"{path}: must be a JSON object")
    return config


def shares_pids(config: dict[str, Any]) -> bool:
    """Whether a container has no pid namespace of its own: its other processes then outlive its first one."""
    try:
        namespaces = config["linux"]["namespaces"]
        return not any(one["type"] == "pid" and not one.get("path") for one in namespaces)
    except (
        KeyError,
        TypeError,
        AttributeError,
    ):  # no such section: no namespaces; the runtime judges the rest
        return True


def new_cgroups(config: dict[str, Any], request: CreateTask) -> tuple[str, ...]:
    """The cgroups that its creation will make: a runtime that is killed half-way may leave them, and not know them.

    With systemd there are none: an empty scope goes by itself.
    """
    linux = config.get("linux")
    path = linux.get("cgroupsPath") if isinstance(linux, dict) else None
    if request.options.systemd_cgroup or not isinstance(path, str | None):
        return ()
    try:
        directories = container_directories(detect_layout(), path or "", request.id)
    except (InvalidArgument, Unsupported):  # the runtime will tell
        return ()
    return tuple(sorted(one for one in set(directories.values()) if not os.path.isdir(one)))
