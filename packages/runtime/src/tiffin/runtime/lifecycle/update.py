"""update: new limits for a container that exists, merged into those that it has."""

from __future__ import annotations

from tiffin.spec.json_tree import encode
from tiffin.spec.runtime.validation import errors, validate_resources

from ..errors import FailedPrecondition, InvalidArgument, Unsupported
from ..state.directory import CONFIG
from ..state.files import write_atomically
from .loaded import LoadedContainer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .settings import Settings

UNLIMITED = -1


def update(settings: Settings, identifier: str, changes: Mapping[str, Any]) -> None:
    """Sets resource limits; what `changes` does not name stays as it is. Devices cannot be changed.

    Args:
        changes: as `linux.resources` of the config.

    Raises:
        NotFound: no such container. FailedPrecondition: it does not run.
        InvalidArgument: the changes are not valid. OperationFailed: the kernel refused one; the old limits hold.
    """
    bad = errors(validate_resources(dict(changes)))
    if bad:
        raise InvalidArgument("invalid resources: " + "; ".join(str(problem) for problem in bad))
    container = LoadedContainer(settings.root, identifier)
    with container.directory.lock():
        if container.is_stopped():
            raise FailedPrecondition("container not running")
        config: dict[str, Any] = dict(container.config())
        linux = dict(config.get("linux") or {})
        previous = linux.get("resources") or {}
        merged = merge_resources(previous, changes)
        container.manager().update(merged, previous=previous)
        linux["resources"] = merged
        config["linux"] = linux
        data = encode(config).encode("utf-8", "surrogateescape")
        write_atomically(container.directory.path, CONFIG, data)


def merge_resources(previous: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The limits after an update; the arguments stay as they are."""
    merged = _merge(previous, changes)
    if "devices" in previous:
        merged["devices"] = previous["devices"]
    memory = changes.get("memory") or {}
    if memory.get("limit") == UNLIMITED and "swap" not in memory:
        # the kernel refuses a swap limit without a limit of memory
        merged["memory"] = {**merged["memory"], "swap": UNLIMITED}
    cpu = changes.get("cpu") or {}
    if cpu.get("idle") and "shares" not in cpu:
        merged["cpu"] = {
            key: value for key, value in merged["cpu"].items() if key != "shares"
        }  # it takes no weight
    if ("quota" in cpu) != ("period" in cpu) and "cpu" in merged:
        merged["cpu"] = {
            key: value for key, value in merged["cpu"].items() if value != 0 or key not in {"quota", "period"}
        }
    return merged


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            merged[key] = _merge(before, value)
        elif isinstance(value, list) and isinstance(before, list) and key != "devices":
            merged[key] = _merge_rows(before, value)
        else:
            merged[key] = value
    return merged


def _merge_rows(old: list[Any], new: list[Any]) -> list[Any]:
    """Rows of a device or of a page size replace the row of the same one."""
    rows = {_row_key(row): row for row in old}
    rows.update({_row_key(row): row for row in new})
    return list(rows.values())


def _row_key(row: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(row.get(name) for name in ("major", "minor", "pageSize", "name"))


def refuse_resource_director(settings: Settings, identifier: str) -> None:
    """Intel RDT can only be updated where the container has a group."""
    if not LoadedContainer(settings.root, identifier).state.resctrl:
        raise Unsupported(
            "Intel RDT: the container has no resctrl group, so that its schema cannot be updated"
        )
