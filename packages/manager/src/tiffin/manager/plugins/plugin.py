"""`Plugin`: a row of the table; `Started`: what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from tiffin.runtime.errors import FailedPrecondition

if TYPE_CHECKING:
    from tiffin.manager.plugins.context import Context
    from tiffin.manager.plugins.kind import Kind

Instance = TypeVar("Instance")


class Skipped(FailedPrecondition):
    """This host cannot have the plugin, or nobody has asked for it: no failure."""


class RequirementMissing(FailedPrecondition):
    """A plugin that this one requires did not start."""


class Status(Enum):
    """What became of a plugin, as `ctr plugins ls` shows it."""

    OK = "ok"
    SKIPPED = "skip"
    FAILED = "error"


@dataclass(frozen=True, slots=True)
class Plugin(Generic[Instance]):
    """One row.

    Args:
        kind, identifier: together its name: `io.containerd.gc.v1.scheduler`.
        make: makes what it is, in the event loop; it must not block for long. May be a coroutine function.
            Raises Skipped; whatever else it raises is recorded, and the plugin and those that need it have failed.
        requires: kinds of which all plugins are started before it.
        capabilities: what introspection tells.
        platforms: likewise: `linux/amd64`; where it matters.
    """

    kind: Kind[Instance]
    identifier: str
    make: Callable[[Context], Instance | Awaitable[Instance]]
    requires: tuple[Kind[Any], ...] = ()
    capabilities: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """In full, as configs have it."""
        return f"{self.kind.name}.{self.identifier}"


@dataclass(slots=True)
class Started:
    """What became of a row. instance: None unless it is OK. exports: what it tells of itself."""

    plugin: Plugin[Any]
    status: Status = Status.OK
    instance: Any = None
    error: BaseException | None = None
    exports: Mapping[str, str] = field(default_factory=dict)
