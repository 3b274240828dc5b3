"""Sockets that the daemon is started with, as systemd does it."""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from packages.manager.tests.tiffind import PROGRAM, Tiffind, stub

from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub
from tiffin.manager.daemon.activation import inherited
from tiffin.runtime.errors import InvalidArgument

pytestmark = pytest.mark.requires("ctr")

SIZE = 30 << 20
NAMESPACE = (("containerd-namespace", "default"),)
# systemd sets LISTEN_PID to the pid of the process that it executes; a shell can do both, and put descriptors at 3
EXECUTE = 'export LISTEN_PID=$$; exec "$@"'


def bound(path: str) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(path)
    made.listen(16)
    return made


def start(daemon: Tiffind, sockets: list[socket.socket], names: str = "") -> None:
    """Starts it with sockets as its descriptors from 3 on; closes them here."""
    moved = " ".join(f"{number}<&{each.fileno()}" for number, each in enumerate(sockets, 3))
    environment = {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": names}
    daemon.spawn(
        command=("bash", "-c", f"exec {moved}; {EXECUTE}", "bash", PROGRAM),
        environment=environment,
        descriptors=[each.fileno() for each in sockets],
    )
    for each in sockets:
        each.close()
    daemon.told("READY=1")


def test_clients_that_came_first_are_served_and_the_socket_stays(daemon: Tiffind) -> None:
    with closing(bound(daemon.address)) as main, closing(bound(f"{daemon.address}.ttrpc")) as shims:
        with grpc.insecure_channel(f"unix:{daemon.address}") as channel:
            early = stub(VersionStub, channel).Version.future(Empty(), timeout=60)
            start(daemon, [high(main), high(shims)])
            assert early.result().version
        inode = os.stat(daemon.address).st_ino
        assert daemon.stop() == 0
        assert os.stat(daemon.address).st_ino == inode
        start(daemon, [high(main), high(shims)])
        assert "Server:" in daemon.ctr("version")


HIGH = 200  # above every descriptor that a session of tests has


def high(made: socket.socket) -> socket.socket:
    """The same socket under a number beyond those that it gets."""
    return socket.socket(fileno=fcntl.fcntl(made.fileno(), fcntl.F_DUPFD_CLOEXEC, HIGH))


def test_large_messages_and_streams_pass_through(daemon: Tiffind) -> None:
    data = os.urandom(1 << 20) * (SIZE >> 20)
    with closing(bound(daemon.address)) as main:
        start(daemon, [high(main)], "grpc")
        options = [("grpc.max_receive_message_length", SIZE)]
        with grpc.insecure_channel(f"unix:{daemon.address}", options=options) as channel:
            service = stub(ContentStub, channel)
            step = 1 << 20
            writes = [
                content.WriteContentRequest(
                    action="WRITE", ref="big", offset=place, data=data[place : place + step]
                )
                for place in range(0, SIZE, step)
            ]
            writes.append(content.WriteContentRequest(action="COMMIT", ref="big", offset=SIZE, total=SIZE))
            answers = list(service.Write(iter(writes), metadata=NAMESPACE, timeout=60))
            asked = content.ReadContentRequest(digest=answers[-1].digest)
            read = b"".join(each.data for each in service.Read(asked, metadata=NAMESPACE, timeout=60))
    assert read == data


@pytest.mark.parametrize(
    ("names", "paths", "wanted"),
    [
        ("ttrpc:grpc", ("a", "b"), ["ttrpc", "grpc"]),
        ("tiffind.socket:tiffind.socket", ("a.ttrpc", "b"), ["ttrpc", "grpc"]),
        ("", ("a", "b.ttrpc"), ["grpc", "ttrpc"]),
        ("debug", ("a", "b"), ["debug", "grpc"]),
    ],
)
def test_what_each_is_for(tmp_path: Path, names: str, paths: tuple[str, ...], wanted: list[str]) -> None:
    assert inherit_in_child(tmp_path, names, [str(tmp_path / each) for each in paths]) == " ".join(wanted)


def test_two_for_one_thing_and_what_does_not_listen(tmp_path: Path) -> None:
    text = inherit_in_child(tmp_path, "", [str(tmp_path / "a"), str(tmp_path / "b")])
    assert text == "LISTEN_FDS: descriptor 4 is a second socket for grpc"
    assert inherit_in_child(tmp_path, "", []) == "LISTEN_FDS: descriptor 3 does not listen"


def inherit_in_child(folder: Path, names: str, paths: list[str]) -> str:
    """What a process says that has these sockets from 3 on; without paths, one that does not listen."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        answer = fcntl.fcntl(writer, fcntl.F_DUPFD_CLOEXEC, HIGH)
        try:
            text = inherit(names, paths)
        except BaseException as error:  # noqa: BLE001  # the child must not go on as a second session of tests
            text = repr(error)
        os.write(answer, text.encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text


def inherit(names: str, paths: list[str]) -> str:
    """In the child: puts the sockets where a service manager would, and gives what is made of them."""
    sockets = [high(bound(path)) for path in paths] or [high(socket.socket(socket.AF_UNIX))]
    for number, each in enumerate(sockets, 3):
        os.dup2(each.fileno(), number)
    environment = {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": str(len(sockets)),
        "LISTEN_FDNAMES": names,
    }
    try:
        text = " ".join(inherited(environment))
    except InvalidArgument as error:
        return str(error)
    assert environment == {}
    return text


def test_variables_for_another_process_are_not_ours() -> None:
    environment = {"LISTEN_PID": "1", "LISTEN_FDS": "1", "OTHER": "x"}
    assert inherited(environment) == {}
    assert environment == {"OTHER": "x"}
