"""`Context`: what a plugin is made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Config
    from tiffin.manager.grpc_edge.workers import Workers
    from tiffin.manager.plugins.kind import Kind
    from tiffin.manager.plugins.plugin import Plugin
    from tiffin.manager.plugins.plugin_set import PluginSet

Instance = TypeVar("Instance")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all plugins of a daemon share.

    config: as it was at the start. workers: run what blocks. address, ttrpc_address: paths of the daemon's own sockets.
    reload: calls a function with the settings at each reload.
    """

    config: Config
    workers: Workers
    address: str
    ttrpc_address: str
    reload: Callable[[Callable[[Config], None]], None]


@dataclass(frozen=True, slots=True)
class Context:
    """Given to the function that makes a plugin.

    plugin: its row. surroundings: what all share. plugins: those that were started before.
    exit: what is registered here is done when the daemon stops, or at once if the plugin fails; the last comes first.
    """

    plugin: Plugin[Any]
    surroundings: Surroundings
    plugins: PluginSet
    exit: AsyncExitStack
    exports: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """All settings."""
        return self.surroundings.config

    @property
    def workers(self) -> Workers:
        """Threads for what blocks."""
        return self.surroundings.workers

    def get(self, kind: Kind[Instance], identifier: str = "") -> Instance:
        """A plugin that this one requires. Raises RequirementMissing, as `PluginSet.get`."""
        return self.plugins.get(kind, identifier)

    def all(self, kind: Kind[Instance]) -> dict[str, Instance]:
        """All plugins of a kind, by their ids."""
        return self.plugins.all(kind)

    def export(self, name: str, value: str) -> None:
        """Something that introspection tells of this plugin."""
        self.exports[name] = value
