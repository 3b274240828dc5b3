"""Our services in a process of their own, for tests that kill it: `python serve.py FOLDER`. It says "ready"."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from grpc import aio
from packages.manager.tests.services.daemons import offers

from tiffin.image.store.store import Store
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.grpc_edge.handlers import handler_of
from tiffin.manager.grpc_edge.limits import SERVER_OPTIONS
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.metadata.stores import Stores


async def main(folder: Path) -> None:
    with Workers() as workers:
        server = aio.server(options=SERVER_OPTIONS)
        made = offers(Stores(Store(str(folder / "root"))), Exchange())
        server.add_generic_rpc_handlers([handler_of(offer, workers) for offer in made])
        server.add_insecure_port(f"unix:{folder}/containerd.sock")
        await server.start()
        print("ready", flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
