"""`start_plugins`: makes the plugins in order. What one fails with is recorded, and the others go on."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from tiffin.manager.config.problem import InvalidConfig, dotted
from tiffin.manager.plugins.context import Context, Surroundings
from tiffin.manager.plugins.order import ordered
from tiffin.manager.plugins.plugin import Plugin, RequirementMissing, Skipped, Started, Status
from tiffin.manager.plugins.plugin_set import PluginSet
from tiffin.manager.plugins.proxied import proxied
from tiffin.runtime.errors import FailedPrecondition

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Config

LOG = logging.getLogger("tiffin.manager.plugins")


def enabled(table: Iterable[Plugin[Any]], config: Config) -> tuple[Plugin[Any], ...]:
    """The rows that the config does not disable, and those that it adds: such a one may take a disabled one's name.

    Raises:
        InvalidConfig: it takes the name of one that is not disabled.
    """
    disabled = set(config.disabled_plugins)
    rows = tuple(each for each in table if each.name not in disabled)
    added, taken = tuple(proxied(config)), {each.name for each in rows}
    if wrong := [each for each in added if each.name in taken]:
        raise InvalidConfig([
            f"{dotted(('proxy_plugins', each.identifier))} has the name of a plugin that is there already: "
            f"write {each.name!r} into disabled_plugins, or use another name"
            for each in wrong
        ])  # fmt: skip
    return (*rows, *added)


async def start_plugins(
    rows: Iterable[Plugin[Any]], surroundings: Surroundings, plugins: PluginSet, stack: AsyncExitStack
) -> None:
    """Starts plugins.

    Args:
        rows: which.
        surroundings: what they share.
        plugins: they are added here, one by one.
        stack: what ends them is registered here.

    Raises:
        FailedPrecondition: one that the config requires did not start.
        ValueError: two have the same name.
    """
    for row in ordered(rows):
        plugins.add(await _start(row, surroundings, plugins, stack))
    _check_required(surroundings.config, plugins)


async def _start(
    row: Plugin[Any], surroundings: Surroundings, plugins: PluginSet, stack: AsyncExitStack
) -> Started:
    began = time.monotonic()
    async with AsyncExitStack() as own:
        context = Context(row, surroundings, plugins, own)
        try:
            instance = row.make(context)
            if inspect.isawaitable(instance):
                instance = await instance
        except Exception as error:  # noqa: BLE001  # whatever one plugin fails with, the others are started
            return _failed(row, error)
        kept = own.pop_all()
        stack.push_async_callback(kept.aclose)
    LOG.debug("plugin started", extra={"fields": {"plugin": row.name, "seconds": time.monotonic() - began}})
    return Started(row, instance=instance, exports=context.exports)


def _failed(row: Plugin[Any], error: Exception) -> Started:
    fields = {"fields": {"plugin": row.name, "error": error}}
    if isinstance(error, Skipped):
        LOG.info("plugin skipped", extra=fields)
        return Started(row, Status.SKIPPED, error=error)
    expected = isinstance(error, RequirementMissing)
    LOG.warning("plugin failed", extra=fields, exc_info=None if expected else error)
    return Started(row, Status.FAILED, error=error)


def _check_required(config: Config, plugins: PluginSet) -> None:
    wrong = []
    for name in config.required_plugins:
        found = plugins.find(name)
        if found is None:
            wrong.append(f"{name} is required, and there is no such plugin")
        elif found.status is not Status.OK:
            wrong.append(f"{name} is required, and did not start: {found.error}")
    if wrong:
        raise FailedPrecondition("; ".join(wrong))
