"""What the same calls and scripts of `ctr` are made to: Debian's containerd, our services in this process, tiffind."""

from __future__ import annotations

import itertools
import os
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from packages.manager.tests.client import Client
from packages.manager.tests.conftest import serving
from packages.manager.tests.tiffind import Tiffind

from tiffin.image.store.store import Store
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.metadata.stores import Stores
from tiffin.manager.services import (
    containers,
    content,
    diff,
    images,
    leases,
    namespaces,
    sandboxes,
    snapshots,
    version,
)
from tiffin.manager.services.events import service as events
from tiffin_testing.containerd import SECONDS, Containerd, running_containerd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tiffin.manager.grpc_edge.offer import Offer

NUMBERS = itertools.count(1)
COLLECTION = """[plugins."io.containerd.gc.v1.scheduler"]
deletion_threshold = 0
mutation_threshold = 1000000
pause_threshold = 0.0000001
startup_delay = "24h"
"""


class Daemon:
    """One that runs.

    Args:
        name: `containerd`, `services` or `tiffind`.
        ctr: in the namespace that each test has for itself, as the client is.
    """

    def __init__(self, name: str, ctr: Containerd, client: Client, namespace: str = "default") -> None:
        self.name = name
        self.namespace = namespace
        self.ctr = ctr.within(namespace)
        self.client = client.within(namespace)

    @property
    def ours(self) -> bool:
        """Whether it is not containerd."""
        return self.name != "containerd"

    def fresh(self) -> Daemon:
        """The same one in a namespace that nobody has used."""
        return self.within(f"test-{next(NUMBERS)}")

    def within(self, namespace: str) -> Daemon:
        """The same one in a namespace."""
        return Daemon(self.name, self.ctr, self.client, namespace)

    def run(self, *words: str | Path, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """`ctr` with something at its standard input, whether or not it succeeds."""
        command = ["ctr", "--address", self.ctr.address, "--namespace", self.namespace, *map(str, words)]
        return subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)

    def refused(self, *words: str | Path, data: bytes = b"") -> str:
        """What `ctr` says when it must fail."""
        done = self.run(*words, data=data)
        assert done.returncode != 0, f"ctr {words}: {done.stdout!r}"
        return done.stderr.decode()


def offers(stores: Stores, exchange: Exchange) -> list[Offer]:
    """Every service of the store."""
    publish, collect = exchange.publish, stores.collect
    return [
        namespaces.service(stores, publish),
        content.service(stores, publish),
        images.service(stores, publish, collect),
        leases.service(stores, collect),
        snapshots.service(stores, publish),
        containers.service(stores, publish),
        sandboxes.service(stores),
        diff.service(stores),
        version.service("test"),
        events.service(exchange),
    ]


@contextmanager
def in_process(folder: Path) -> Iterator[Daemon]:
    """Our services in this process."""
    store = Store(str(folder / "root"))
    stores = Stores(store)
    with ExitStack() as stack:
        stack.callback(store.database.close)
        path = stack.enter_context(serving(offers(stores, Exchange()), folder, name="containerd.sock"))
        client = stack.enter_context(Client(path))
        yield Daemon("services", Containerd(folder, os.getpid()), client)


@contextmanager
def whole(folder: Path) -> Iterator[Daemon]:
    """The daemon, with all of its plugins; it collects when a client waits for it."""
    with Tiffind(folder, COLLECTION) as running:
        running.start()
        ctr = Containerd(folder, running.pid)
        os.symlink(running.address, ctr.address)
        with Client(running.address) as client:
            yield Daemon("tiffind", ctr, client)


@contextmanager
def theirs(folder: Path) -> Iterator[Daemon]:
    """Debian's containerd."""
    with running_containerd(folder) as running, Client(running.address) as client:
        yield Daemon("containerd", running, client)


DAEMONS = {"containerd": theirs, "services": in_process, "tiffind": whole}
