"""Sockets of all sorts, who may connect to them, and what becomes of their files."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from typing import TYPE_CHECKING

import pytest
from packages.ttrpc.tests.echo import NAME, Echo

from tiffin.ttrpc import BlockingClient, Client, Code, Limits, Peer, Raw, RpcError, Server, same_user
from tiffin.ttrpc.address import bind, inherit, parse
from tiffin.ttrpc.client import connecting

if TYPE_CHECKING:
    from pathlib import Path


async def answers(client: Client) -> bool:
    async with client:
        return await client.call(NAME, "Echo", Raw(b"x"), Raw) == b"x"


async def turned_away(address: str) -> bool:
    async with await Client.connect(address) as client:
        with pytest.raises(RpcError) as caught:
            await client.call(NAME, "Echo", Raw(), Raw)
        return caught.value.code == Code.UNAVAILABLE


def test_addresses() -> None:
    assert parse("unix:///run/a") == parse("/run/a") == "/run/a"
    assert parse("@a") == parse("unix://@a") == parse("\0a") == "\0a"


@pytest.mark.parametrize("prefix", ["", "unix://"])
async def test_by_path(tmp_path: Path, prefix: str) -> None:
    address = f"{prefix}{tmp_path}/s"
    async with Server(Echo().services) as server:
        await server.listen(address)
        assert await answers(await Client.connect(address))
        assert await answers(await Client.connect(address))
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        await Client.connect(address)


async def test_abstract() -> None:
    address = f"@tiffin-ttrpc-test-{os.getpid()}"
    async with Server(Echo().services) as server:
        await server.listen(address)
        assert await answers(await Client.connect(address))
        with pytest.raises(OSError, match="in use"):
            await server.listen(address)


def crowded(path: Path) -> tuple[socket.socket, list[socket.socket]]:
    """A socket at which so many wait that one more is told EAGAIN, and those who wait."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(0)
    waiting: list[socket.socket] = []
    while not waiting or waiting[-1].connect_ex(str(path)) == 0:
        waiting.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
    return listening, waiting


async def test_who_comes_when_too_many_wait_has_his_turn_later(tmp_path: Path) -> None:
    listening, waiting = crowded(tmp_path / "s")
    async with Server(Echo().services) as server:
        client = asyncio.ensure_future(Client.connect(tmp_path / "s"))
        await asyncio.sleep(0)  # it has tried
        await server.listen_on_descriptor(listening.detach())
        assert await answers(await client)
    for each in waiting:
        each.close()


async def test_who_has_no_turn_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.05)
    listening, waiting = crowded(tmp_path / "s")
    with pytest.raises(BlockingIOError):
        await Client.connect(tmp_path / "s")
    for each in (listening, *waiting):
        each.close()


async def test_inherited(tmp_path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "s"))
    listening.listen()
    async with Server(Echo().services) as server:
        await server.listen_on_descriptor(listening.detach())
        assert await answers(await Client.connect(tmp_path / "s"))
    assert (tmp_path / "s").exists()  # it belongs to who made it


def test_an_inherited_descriptor_that_does_not_listen_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as end:
        with pytest.raises(OSError, match="does not listen"):
            inherit(end.fileno())
        assert os.fstat(end.fileno())  # it was left alone


async def test_a_connected_descriptor() -> None:
    async with Server(Echo().services) as server:
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        assert await answers(await Client.on_descriptor(ours.detach()))


async def test_a_tcp_connection_has_no_peer() -> None:
    echo = Echo()
    async with Server(echo.services) as server:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            ours = socket.create_connection(listening.getsockname())
            await server.serve(listening.accept()[0])
        assert await answers(await Client.on(ours))
        assert echo.contexts[0].peer is None
        assert not same_user(None)


async def test_two_sockets_of_one_server(tmp_path: Path) -> None:
    async with Server(Echo().services) as server:
        for name in ("one", "two"):
            await server.listen(tmp_path / name)
            assert await answers(await Client.connect(tmp_path / name))


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_mode_of_the_file_does_not_depend_on_the_umask(tmp_path: Path, mode: int) -> None:
    before = os.umask(0o077)
    try:
        listener = bind(tmp_path / "s", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == mode
    listener.close()


def test_a_file_is_never_wider_open_than_its_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(os, "chmod", lambda path, _: seen.append(stat.S_IMODE(os.lstat(path).st_mode)))
    before = os.umask(0)
    try:
        bind(tmp_path / "s", mode=0o600).close()
    finally:
        os.umask(before)
    assert seen == [0o600]


def test_who_listens_is_not_disturbed(tmp_path: Path) -> None:
    first = bind(tmp_path / "s")
    with pytest.raises(OSError, match="in use"):
        bind(tmp_path / "s", replace_stale=True)
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(str(tmp_path / "s"))
    first.close()


def test_what_a_killed_server_left_can_be_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "s"))
    with pytest.raises(OSError, match="in use"):
        bind(tmp_path / "s")
    bind(tmp_path / "s", replace_stale=True).close()
    (tmp_path / "s").write_text("no socket")
    with pytest.raises(OSError, match="in use"):
        bind(tmp_path / "s", replace_stale=True)


def test_a_file_that_took_the_place_of_ours_stays(tmp_path: Path) -> None:
    listener = bind(tmp_path / "s")
    os.unlink(tmp_path / "s")
    (tmp_path / "s").write_text("another's")
    listener.close()
    assert (tmp_path / "s").read_text() == "another's"


def test_a_failed_bind_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(os, "chmod", full)
    with pytest.raises(OSError, match="no space"):
        bind(tmp_path / "s")
    assert not (tmp_path / "s").exists()


async def test_who_is_not_authorized_is_turned_away(tmp_path: Path) -> None:
    seen: list[Peer | None] = []

    def nobody(peer: Peer | None) -> bool:
        seen.append(peer)
        return False

    async with Server(Echo().services, authorize=nobody) as server:
        await server.listen(tmp_path / "s")
        assert await turned_away(str(tmp_path / "s"))
    assert seen == [Peer(os.getpid(), os.geteuid(), os.getegid())]


async def test_the_same_user_is_authorized(tmp_path: Path) -> None:
    async with Server(Echo().services, authorize=same_user) as server:
        await server.listen(tmp_path / "s")
        assert await answers(await Client.connect(tmp_path / "s"))
    assert not same_user(Peer(1, os.geteuid() + 1, os.getegid()))


async def test_a_check_that_fails_lets_nobody_in(tmp_path: Path) -> None:
    def broken(_: Peer | None) -> bool:
        raise LookupError("no table of users")

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["exception"]))
    async with Server(Echo().services, authorize=broken) as server:
        await server.listen(tmp_path / "s")
        assert await turned_away(str(tmp_path / "s"))
    assert [type(error) for error in told] == [LookupError]


async def test_connections_beyond_the_limit_are_turned_away(tmp_path: Path) -> None:
    async with Server(Echo().services, limits=Limits(connections=1)) as server:
        await server.listen(tmp_path / "s")
        async with await Client.connect(tmp_path / "s") as first:
            await first.call(NAME, "Echo", Raw(), Raw)
            assert await turned_away(str(tmp_path / "s"))
            (connection,) = server._connections
        await connection.closed
        assert await answers(await Client.connect(tmp_path / "s"))


async def test_a_socket_that_cannot_be_served_is_closed(tmp_path: Path) -> None:
    async with Server(Echo().services) as server:
        listener = bind(tmp_path / "s")
        listener.socket.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            await server.listen_on(listener)
    assert not (tmp_path / "s").exists()


async def test_a_closed_server_does_not_listen_again(tmp_path: Path) -> None:
    server = Server(Echo().services)
    await server.close()
    with pytest.raises(RuntimeError):
        await server.listen(tmp_path / "s")
    assert not (tmp_path / "s").exists()


async def test_the_blocking_client(tmp_path: Path) -> None:
    def talk() -> None:
        with BlockingClient(f"unix://{tmp_path}/s", timeout=60) as client:
            big = Raw(bytes(3_000_000))
            assert client.call(NAME, "Echo", big, Raw, metadata={"k": "v"}) == big
            for call, seconds, code in (
                ("Fail", 60, Code.NOT_FOUND),
                ("Wait", 0.05, Code.DEADLINE_EXCEEDED),
            ):
                with pytest.raises(RpcError) as caught:
                    client.call(NAME, call, Raw(), Raw, timeout=seconds)
                assert caught.value.code == code
            assert client.call(NAME, "Echo", Raw(b"on"), Raw, timeout=60) == b"on"
            loop.call_soon_threadsafe(echo.go.set)
            with pytest.raises(RpcError) as caught:
                client.call(NAME, "Leave", Raw(), Raw)
            assert caught.value.code == Code.UNIMPLEMENTED

    loop, echo = asyncio.get_running_loop(), Echo()
    async with Server(echo.services) as server:
        await server.listen(tmp_path / "s")
        await asyncio.to_thread(talk)
        assert echo.contexts[0].metadata == {"k": ("v",)}
    with pytest.raises(FileNotFoundError):
        BlockingClient(f"{tmp_path}/s")


async def test_the_blocking_client_loses_its_server(tmp_path: Path) -> None:
    def talk() -> Code:
        with BlockingClient(f"{tmp_path}/s") as client, pytest.raises(RpcError) as caught:
            client.call(NAME, "Wait", Raw(), Raw)
        return caught.value.code

    echo = Echo()
    server = Server(echo.services)
    await server.listen(tmp_path / "s")
    call = asyncio.create_task(asyncio.to_thread(talk))
    await echo.began.wait()
    await server.close()
    assert await call == Code.UNAVAILABLE
