"""The ports over the wire do what the local ones do: on Debian's containerd, and on tiffind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import short_folder, tiffind

from tiffin.image.digest import digest_of
from tiffin.image.errors import NotFound, Unavailable
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.store import Store
from tiffin.manager.plugins.proxies.channel import Connection
from tiffin.manager.plugins.proxies.creating import Making
from tiffin.manager.plugins.proxies.proxied_snapshotter import ProxiedSnapshotter
from tiffin.manager.plugins.proxies.remote_content import RemoteContentStore
from tiffin.manager.plugins.proxies.remote_snapshotter import RemoteSnapshotter
from tiffin_testing.conformance import content_store, snapshotter
from tiffin_testing.containerd import running_containerd

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr", "overlayfs")]
STILL = (
    "disabled_plugins = ['io.containerd.gc.v1.scheduler']\n[grpc]\n"  # collects nothing while a test looks
)
Names = Callable[[], str]


@pytest.fixture(scope="module", params=["containerd", "tiffind"])
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """To a daemon."""
    with ExitStack() as stack:
        if request.param == "containerd":
            folder = stack.enter_context(short_folder())
            address = stack.enter_context(running_containerd(folder)).address
        else:
            address = stack.enter_context(tiffind(STILL)).start().address
        made = Connection(address)
        stack.callback(made.close)
        yield made


@pytest.fixture(scope="module")
def name() -> Names:
    """Names of namespaces that nobody has used."""
    numbers = itertools.count()
    return lambda: f"namespace-{next(numbers)}"


@pytest.mark.parametrize("check", ["kinds", "refusals", "removal", "labels", "usage", "cleanup"])
def test_snapshots(connection: Connection, name: Names, check: str) -> None:
    getattr(snapshotter, f"_{check}")(RemoteSnapshotter(connection, "overlayfs", name()))


@pytest.mark.parametrize("check", ["blob", "mismatch", "existing", "locked", "aborted", "labels", "missing"])
def test_content(connection: Connection, name: Names, check: str) -> None:
    getattr(content_store, f"_{check}")(RemoteContentStore(connection, name()))


def test_no_label_changes_none(connection: Connection, name: Names) -> None:
    namespace = name()
    snapshots = RemoteSnapshotter(connection, "overlayfs", namespace)
    snapshots.prepare("a", labels={"one": "1"})
    assert dict(snapshots.update("a", {}).labels) == {"one": "1"}
    snapshots.remove("a")
    content = RemoteContentStore(connection, namespace)
    with content.writer("r") as writer:
        writer.write(namespace.encode())
        digest = writer.commit(labels={"one": "1"})
    assert dict(content.update(digest, {}).labels) == {"one": "1"}
    content.delete(digest)


def test_an_ingest_is_resumed(connection: Connection, name: Names) -> None:
    """But for the expected digest, which containerd does not keep with it."""
    namespace = name()
    data = namespace.encode() * 1000  # no other namespace has it: that would share it
    digest = digest_of(data)
    store = RemoteContentStore(connection, namespace)
    with store.writer("r", total=len(data), expected=digest) as writer:
        writer.write(data[:100])
    assert store.status("r").offset == 100
    with store.writer("r", total=len(data), expected=digest) as writer:
        assert writer.offset == 100
        writer.write(memoryview(data)[100:])
        assert writer.commit() == digest
    with pytest.raises(NotFound):
        store.status("r")


def test_a_large_blob_is_read_anywhere(connection: Connection, name: Names) -> None:
    data = bytes(range(256)) * (40 << 10)  # ten megabytes
    store = RemoteContentStore(connection, name())
    with store.writer("large") as writer:
        writer.write(data)
        digest = writer.commit(size=len(data))
    with store.open(digest) as file:
        assert file.seek(-5, 2) == len(data) - 5
        assert file.read() == data[-5:]
        assert file.read(1) == b""
        file.seek(3_000_001)
        assert file.read(2_000_000) == data[3_000_001:5_000_001]
        file.seek(0)
        assert file.read() == data


def test_snapshots_with_names_of_our_own(connection: Connection, name: Names, tmp_path: Path) -> None:
    database = Store(str(tmp_path)).database

    def make() -> ProxiedSnapshotter:
        scope = Scope(name())
        remote = RemoteSnapshotter(connection, "overlayfs", "behind")
        return ProxiedSnapshotter("overlayfs", remote, database, scope, Making())

    snapshotter.check_snapshotter(make)


def test_nobody_answers(tmp_path: Path) -> None:
    connection = Connection(str(tmp_path / "none"))
    with pytest.raises(Unavailable, match="does not answer as it should: UNAVAILABLE"):
        RemoteSnapshotter(connection, "native").stat("x")
    with pytest.raises(Unavailable):
        list(RemoteSnapshotter(connection, "native").walk())
    with pytest.raises(Unavailable):
        RemoteContentStore(connection).writer("x")
    connection.close()


def test_one_that_comes_back_is_found_again() -> None:
    with tiffind(STILL) as daemon:
        connection = Connection(daemon.start().address)
        remote = RemoteSnapshotter(connection, "native")
        remote.prepare("a")
        daemon.kill()
        with pytest.raises(Unavailable):
            remote.stat("a")
        daemon.start()
        while True:
            try:
                assert remote.stat("a").key == "a"
                break
            except Unavailable:  # gRPC waits before it connects again
                continue
        connection.close()
