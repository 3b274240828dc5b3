"""What makes the plugins around tasks: their manager, the service for clients, and that for shims."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from tiffin.manager.config.runtimes import TIFFIN
from tiffin.manager.plugins.kinds import EVENTS, METADATA, MOUNTS, TASKS

if TYPE_CHECKING:
    from tiffin.manager.config.settings import Config
    from tiffin.manager.grpc_edge.offer import Offer
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.manager.plugins.context import Context
    from tiffin.manager.runtimes.table import Handler, RuntimeTable
    from tiffin.manager.tasks.manager import TaskManager
    from tiffin.ttrpc import Method


async def tasks(context: Context) -> TaskManager:
    """All tasks: those that live still are taken back."""
    from tiffin.manager.runtimes.external.program import Daemon
    from tiffin.manager.runtimes.in_process.making import TasksMaker
    from tiffin.manager.runtimes.in_process.runtime import InProcessRuntime
    from tiffin.manager.tasks.limits import Limits
    from tiffin.manager.tasks.opening import opened_tasks
    from tiffin.manager.tasks.stored_containers import StoredContainers

    config, surroundings = context.config, context.surroundings
    maker = TasksMaker(os.path.join(config.state, "runtime"))
    context.exit.callback(maker.close)
    daemon = Daemon(
        surroundings.address,
        surroundings.ttrpc_address,
        _own_program(),
        debug=config.debug.level in ("debug", "trace"),
    )
    made = await context.exit.enter_async_context(
        opened_tasks(
            root=os.path.join(config.root, "tasks"),
            state=os.path.join(config.state, "tasks"),
            daemon=daemon,
            containers=StoredContainers(context.get(METADATA)),
            exchange=context.get(EVENTS),
            limits=Limits(),
            handlers=handlers(config),
            in_process={TIFFIN: InProcessRuntime(maker)},
            mounts=context.get(MOUNTS),
        )
    )
    surroundings.reload(partial(take_handlers, made.runtimes))
    return made


def take_handlers(runtimes: RuntimeTable, config: Config) -> None:
    """Those of the config and no others, from now on: one that left the file is no handler any more."""
    runtimes.handlers = dict(handlers(config))


def handlers(config: Config) -> Mapping[str, Handler]:
    """The runtime handlers of the config, as tasks know them. Raises InvalidArgument: options that are none."""
    from tiffin.manager.config.runtime_options import options_message
    from tiffin.manager.runtimes.table import Handler

    found = config.plugins.runtime.containerd.runtimes
    return {
        name: Handler(each.runtime_type, each.runtime_path, options_message(each))
        for name, each in found.items()
    }


def _own_program() -> str:
    """The command `tiffind` of this installation: shims without ttrpc publish their events by it."""
    beside = os.path.join(os.path.dirname(sys.executable), "tiffind")
    return beside if os.access(beside, os.X_OK) else os.path.abspath(sys.argv[0])


def service(context: Context) -> Offer:
    """Tasks, for clients."""
    from tiffin.manager.services.tasks.checkpoints import Checkpoints
    from tiffin.manager.services.tasks.service import service as made

    return made(context.get(TASKS), Checkpoints(context.get(METADATA)))


def shim_events(context: Context) -> Mapping[str, Mapping[str, Method]]:
    """Where shims send their events."""
    from tiffin.manager.services.events.for_shims import services

    return services(context.get(TASKS).teller.forwarded)


def mounts(context: Context) -> Mounts:
    """Mounts that clients and shims cannot make; what a killed daemon has left half done is removed."""
    from tiffin.manager.mounts.manager import Mounts

    config = context.config
    made = Mounts(os.path.join(config.state, "mounts"), [os.path.join(config.root, "snapshotters")])
    made.recover()
    return made


def mount_service(context: Context) -> Offer:
    """The same, for clients."""
    from tiffin.manager.services.mounts import service as made

    return made(context.get(MOUNTS))
