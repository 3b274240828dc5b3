"""Start, stop, and what is there in between: folders, modes, what is told to who has started it."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from packages.manager.tests.tiffind import PROGRAM, Tiffind, stub

from tiffin.api.containerd.services.events.v1.events_pb2 import SubscribeRequest
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2 import CreateNamespaceRequest, Namespace
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2_grpc import NamespacesStub
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub

pytestmark = pytest.mark.requires("ctr")


def test_it_starts_serves_and_stops(daemon: Tiffind) -> None:
    daemon.start()
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        assert stub(VersionStub, channel).Version(Empty(), timeout=10).version
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.address)
    assert not os.path.exists(f"{daemon.address}.ttrpc")
    assert [line for line in daemon.text.splitlines() if "level=info" not in line] == []


def test_sockets_are_for_owner_and_group(daemon: Tiffind) -> None:
    daemon.start()
    for path in (daemon.address, f"{daemon.address}.ttrpc"):
        found = os.stat(path)
        assert stat.S_ISSOCK(found.st_mode)
        assert stat.S_IMODE(found.st_mode) == 0o660
        assert (found.st_uid, found.st_gid) == (os.geteuid(), os.getegid())


@pytest.mark.requires("root")
def test_sockets_belong_to_whom_the_config_says(daemon: Tiffind) -> None:
    daemon.write("[grpc]\nuid = 1001\ngid = 1002\n[ttrpc]\nuid = 1003\ngid = 1004\n")
    daemon.start()
    owners = [
        (os.stat(path).st_uid, os.stat(path).st_gid) for path in (daemon.address, f"{daemon.address}.ttrpc")
    ]
    assert owners == [(1001, 1002), (1003, 1004)]


def test_a_wide_open_umask_opens_nothing(daemon: Tiffind) -> None:
    before = os.umask(0)
    try:
        daemon.start()
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(daemon.address).st_mode) == 0o660
    for folder in ("root", "state"):
        assert stat.S_IMODE((daemon.folder / folder).stat().st_mode) == 0o711


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_stop_it_in_order(daemon: Tiffind, number: int) -> None:
    daemon.start()
    daemon.signal(number)
    daemon.told("STOPPING=1")
    assert daemon.wait() == 0
    assert re.search(r"msg=stopping .*\n.*msg=stopped", daemon.text)


def test_who_waits_for_events_is_told_that_it_stops(daemon: Tiffind) -> None:
    daemon.start()
    with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
        stream = stub(EventsStub, channel).Subscribe(SubscribeRequest(), timeout=60)
        made = CreateNamespaceRequest(namespace=Namespace(name="new"))
        stub(NamespacesStub, channel).Create(made, timeout=10)
        assert next(stream).topic == "/namespaces/create"
        daemon.signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert daemon.wait() == 0


def test_ready_is_quick(daemon: Tiffind) -> None:
    for _ in range(5):  # others may have the processors at one time
        daemon.start()
        assert daemon.stop() == 0
    found = re.findall(r"msg=ready seconds=([\d.]+)", daemon.text)
    assert len(found) == 5
    assert min(map(float, found)) < 1.0


def test_the_uuid_stays_and_is_made_again_if_it_is_damaged(daemon: Tiffind) -> None:
    def identity() -> str:
        daemon.start()
        text = daemon.ctr("version")
        daemon.stop()
        found = re.search(r"UUID: ([0-9a-f-]{36})", text)
        assert found is not None
        return found[1]

    path = Path(f"{daemon.folder}/root/uuid")
    first = identity()
    assert path.read_text() == first
    assert identity() == first
    path.write_bytes(b"\xff\x00")
    assert identity() != first


def test_settings_that_are_wrong_stop_it_before_anything_is_made(daemon: Tiffind) -> None:
    daemon.write("[grpc]\nadress = '/x'\n")
    assert daemon.spawn().wait(30) == 1
    daemon.process = None
    assert daemon.text == f"tiffind: {daemon.file}:7: grpc.adress is unknown; is 'address' meant?\n"
    assert not (daemon.folder / "root").exists()


def test_a_required_plugin_that_is_missing_stops_it(daemon: Tiffind) -> None:
    name = "io.containerd.snapshotter.v1.zfs"
    daemon.write(f"required_plugins = ['{name}']\n[grpc]\n")
    assert daemon.spawn().wait(30) == 1
    daemon.process = None
    assert f"tiffind: {name} is required, and there is no such plugin" in daemon.text
    assert not os.path.exists(daemon.address)


HANGING = """
import asyncio, sys
from tiffin.manager.daemon.daemon import Daemon
start = Daemon.__init__
def patched(self, *arguments):
    start(self, *arguments)
    async def hang(stack):
        from tiffin.manager.daemon.notify import notify
        notify("STATUS=hangs")
        await asyncio.Event().wait()
    self.phases.insert(-1, hang)
Daemon.__init__ = patched
from tiffin.manager.command.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_stop_is_obeyed_while_it_starts(daemon: Tiffind, tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING)
    daemon.spawn(command=(sys.executable, tmp_path / "hanging.py"))
    daemon.told("STATUS=hangs")
    assert os.path.exists(daemon.address)
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.address)
    assert "msg=ready" not in daemon.text


@pytest.mark.tier("rootless")
@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one")
def test_as_an_ordinary_user(daemon: Tiffind) -> None:
    daemon.start()
    rows = [line.split() for line in daemon.ctr("plugins", "ls").splitlines()[1:]]
    assert {row[-1] for row in rows} <= {"ok", "skip"}
    daemon.ctr("namespaces", "create", "mine")
    assert os.stat(daemon.address).st_uid == os.geteuid()
    assert daemon.stop() == 0


def test_streams_that_are_closed(daemon: Tiffind) -> None:
    """As some scripts start their daemons. No socket, and no database, gets the number of one of them."""
    daemon.spawn(command=("sh", "-c", 'exec "$0" "$@" <&- >&- 2>&-', PROGRAM))
    daemon.told("READY=1")
    assert {os.readlink(f"/proc/{daemon.pid}/fd/{number}") for number in (0, 1, 2)} == {os.devnull}
    assert daemon.stop() == 0
