"""A manager as a process of its own, which a test may kill: what tasks need, and nothing else.

    python daemon.py FOLDER [RUNTIME LIMITS...]

It says READY=1 on $NOTIFY_SOCKET. Its sockets are `FOLDER/containerd.sock` and `FOLDER/containerd.sock.ttrpc`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from grpc import aio

from tiffin.image.store.store import Store
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.grpc_edge.limits import SERVER_OPTIONS
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.metadata.stores import Stores
from tiffin.manager.runtimes.external.program import Daemon
from tiffin.manager.runtimes.in_process.making import TasksMaker
from tiffin.manager.runtimes.in_process.runtime import InProcessRuntime
from tiffin.manager.services import containers, namespaces, version
from tiffin.manager.services.events import for_shims
from tiffin.manager.services.events.service import service as events_service
from tiffin.manager.services.tasks.checkpoints import Checkpoints
from tiffin.manager.services.tasks.service import service as tasks_service
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.opening import opened_tasks
from tiffin.manager.tasks.stored_containers import StoredContainers
from tiffin.ttrpc import Server

TIFFIN = "io.containerd.tiffin.v2"


async def main(folder: Path) -> None:
    """Serves until SIGTERM."""
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    async with AsyncExitStack() as stack:
        workers = stack.enter_context(Workers())
        maker = TasksMaker(str(folder / "run/runtime"))
        stack.callback(maker.close)
        stores, exchange = Stores(Store(str(folder / "root"))), Exchange()
        address = str(folder / "containerd.sock")
        tasks = await stack.enter_async_context(
            opened_tasks(
                root=str(folder / "root/tasks"),
                state=str(folder / "run/tasks"),
                daemon=Daemon(address, f"{address}.ttrpc", "/bin/false"),
                containers=StoredContainers(stores),
                exchange=exchange,
                limits=Limits(),
                handlers={},
                in_process={TIFFIN: InProcessRuntime(maker)},
            )
        )
        ttrpc = await stack.enter_async_context(Server(for_shims.services(tasks.teller.forwarded)))
        await ttrpc.listen(f"unix://{address}.ttrpc", replace_stale=True)
        server = aio.server(options=SERVER_OPTIONS)
        offers = (
            containers.service(stores, exchange.publish),
            namespaces.service(stores, exchange.publish),
            version.service(),
            events_service(exchange),
            tasks_service(tasks, Checkpoints(stores)),
        )
        server.add_generic_rpc_handlers([handler_of(offer, workers) for offer in offers])
        (folder / "containerd.sock").unlink(missing_ok=True)  # nothing else runs yet
        server.add_insecure_port(f"unix:{address}")
        await server.start()
        stack.push_async_callback(server.stop, None)
        _notify()
        await end.wait()


def _notify() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(main(Path(sys.argv[1])))
