"""`PluginSet`: the plugins that were started, found by their kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from tiffin.manager.plugins.kind import Kind
from tiffin.manager.plugins.plugin import RequirementMissing, Started, Status

Instance = TypeVar("Instance")


class PluginSet:
    """In the order in which they were started; grows while they are."""

    def __init__(self) -> None:
        self._started: dict[str, Started] = {}

    def __iter__(self) -> Iterator[Started]:
        return iter(tuple(self._started.values()))

    def add(self, started: Started) -> None:
        """One more."""
        self._started[started.plugin.name] = started

    def find(self, name: str) -> Started | None:
        """By its full name, whatever became of it."""
        return self._started.get(name)

    def all(self, kind: Kind[Instance]) -> dict[str, Instance]:
        """Those of a kind that are OK, by their ids."""
        return {
            each.plugin.identifier: each.instance
            for each in self._started.values()
            if each.plugin.kind is kind and each.status is Status.OK
        }

    def get(self, kind: Kind[Instance], identifier: str = "") -> Instance:
        """One that is OK. identifier: "" for the only one of its kind.

        Raises:
            RequirementMissing: there is none, and why; or there are several, and none was named.
        """
        found = self.all(kind)
        if identifier in found:
            return found[identifier]
        if not identifier and len(found) == 1:
            return next(iter(found.values()))
        raise RequirementMissing(self._missing(kind, identifier, tuple(found)))

    def _missing(self, kind: Kind[Any], identifier: str, found: tuple[str, ...]) -> str:
        if not identifier and found:
            return f"there are several plugins of type {kind}: {', '.join(found)}"
        reasons = [
            f"{each.plugin.identifier}: {each.error}"
            for each in self._started.values()
            if each.plugin.kind is kind and each.error and identifier in ("", each.plugin.identifier)
        ]
        wanted = f"{kind}.{identifier}" if identifier else f"a plugin of type {kind}"
        return f"{wanted} is needed: {'; '.join(reasons) or 'there is none'}"
