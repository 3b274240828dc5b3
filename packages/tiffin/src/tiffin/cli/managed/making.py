"""`tiffin --address SOCKET run`: a container of an image that the manager has.

lease ─ image: config, chain id ─ snapshot: prepare ─ config (the root mounted, for users) ─ container ─ task ─ start
"""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.introspection.v1.introspection_pb2 import PluginsRequest
from tiffin.api.containerd.services.introspection.v1.introspection_services import INTROSPECTION
from tiffin.cli.containers.folder import check_name
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.folder import made_folder, remove_folder
from tiffin.cli.managed.images import image_named
from tiffin.cli.managed.logs import log_uri
from tiffin.cli.managed.spec import SpecMaker
from tiffin.cli.managed.starting import run_attended, run_in_background
from tiffin.cli.parse import UsageError
from tiffin.cli.run.labels import FOLDER, LOG, STOP_SIGNAL, STOP_TIMEOUT, given_labels
from tiffin.cli.run.stdio import check_terminal
from tiffin.cli.run.units import integer
from tiffin.runtime.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.client import Client
    from tiffin.manager.client.containers import Container

SNAPSHOTTER = "overlayfs"
TIFFIN, RUNC = "io.containerd.tiffin.v2", "io.containerd.runc.v2"
TIFFIND = "type==io.containerd.internal.v1,id==store"  # a plugin that no containerd has
HOUR = 3600.0
ONLY_WITHOUT = ("pull", "platform", "trace", "userns")


async def run(client: Client, arguments: Arguments) -> int:
    """Its exit code, or 0 once it runs in the background. Raises CommandFailed, UsageError, RuntimeFailure."""
    _check(arguments)
    name = arguments.text("name") or os.urandom(6).hex()
    check_name(name)
    async with AsyncExitStack() as undo:
        held = await undo.enter_async_context(client.leases.held(seconds=HOUR))
        async with AsyncExitStack() as made:
            container = await _make(held, arguments, name, made)
            if arguments.switch("detach"):
                await run_in_background(container, arguments)
                print(name)
                made.pop_all()
                return 0
            code = await run_attended(container, arguments)
            if not arguments.switch("rm"):
                made.pop_all()
            return code


def _check(arguments: Arguments) -> None:
    for flag in ONLY_WITHOUT:
        if arguments.given(flag):
            raise UsageError(f"--{flag} is not for containers of a manager (--address)")
    if arguments.switch("detach") and arguments.switch("rm"):
        raise UsageError(
            "--rm with --detach: a manager removes nothing by itself: `tiffin rm` it when it has ended"
        )
    if arguments.given("log-opt") and not _has_log(arguments):
        raise UsageError(
            "--log-opt: only a container in the background (--detach) without -i and -t has a log"
        )
    if arguments.switch("tty") and not arguments.switch("detach"):
        check_terminal()


def _has_log(arguments: Arguments) -> bool:
    """In the background; where somebody may attach there are FIFOs instead."""
    attached = arguments.switch("tty") or arguments.switch("interactive")
    return arguments.switch("detach") and not attached


async def _make(client: Client, arguments: Arguments, name: str, undo: AsyncExitStack) -> Container:
    """The container with its snapshot and its folder, which `undo` removes."""
    namespace = client.session.namespace
    image = await image_named(client, arguments.words[0])
    try:
        config = await client.images.config(image)
        chain_id = await client.images.chain_id(image)
    except NotFound as error:
        raise CommandFailed(f"the image {image!r} is not complete in that manager: {error}") from error
    runtime = arguments.text("runtime") or await default_runtime(client)
    snapshots = client.snapshots(SNAPSHOTTER)
    try:
        mounts = await snapshots.prepare(name, chain_id)
    except NotFound as error:
        raise CommandFailed(
            f"{image!r} is not unpacked for {SNAPSHOTTER}: `ctr images unpack`, or pull it"
        ) from error
    except AlreadyExists as error:
        raise CommandFailed(
            f"the name {name!r} is in use (`tiffin rm {name}` removes that container)"
        ) from error
    undo.push_async_callback(_forgiving, lambda: snapshots.remove(name))
    folder = made_folder(namespace, name)
    undo.callback(remove_folder, folder, namespace, name)
    its = config.get("config") or {}
    spec = await asyncio.to_thread(SpecMaker(arguments, folder, its, mounts).make, name, namespace)
    labels = _labels(arguments, its, folder)
    if _has_log(arguments):
        labels[LOG] = log_uri(folder, runtime, arguments)
    container = await client.containers.create(
        name, spec, image=image, snapshot=(SNAPSHOTTER, name), runtime=runtime, labels=labels
    )
    undo.push_async_callback(_forgiving, container.delete)
    return container


def _labels(arguments: Arguments, image: dict[str, object], folder: str) -> dict[str, str]:
    labels = given_labels(arguments)
    labels[FOLDER] = folder
    labels[STOP_TIMEOUT] = str(integer("stop-timeout", arguments.text("stop-timeout", "10")))
    stop_signal = arguments.text("stop-signal") or image.get("StopSignal")
    if isinstance(stop_signal, str) and stop_signal:
        labels[STOP_SIGNAL] = stop_signal
    return labels


async def default_runtime(client: Client) -> str:
    """Ours under tiffind, which has it in its process and is known by its store; a containerd's own elsewhere."""
    request = PluginsRequest(filters=[TIFFIND])
    answer = await client.session.ask(INTROSPECTION, "Plugins", request)
    return TIFFIN if answer.plugins else RUNC


async def _forgiving(work: Callable[[], Awaitable[None]]) -> None:
    """What is gone already need not be removed."""
    with suppress(NotFound):
        await work()
