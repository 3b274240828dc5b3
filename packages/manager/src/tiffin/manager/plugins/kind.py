"""`Kind`: a type of plugins, by containerd's name, and the class of what such a plugin is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Instance = TypeVar("Instance")


@dataclass(frozen=True, slots=True)
class Kind(Generic[Instance]):
    """The key of a typed look-up: `context.get(EVENTS)` is an `Exchange` for mypy, too.

    name: on the wire and in configs: `io.containerd.content.v1`.
    """

    name: str

    def __str__(self) -> str:
        return self.name
