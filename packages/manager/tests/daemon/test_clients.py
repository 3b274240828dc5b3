"""What the real `ctr` shows of plugins and versions: the same of Debian's containerd and of ours."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from packages.manager.tests.daemon.test_hostile import BROKEN, throw
from packages.manager.tests.tiffind import short_folder, stub, tiffind

from tiffin_testing.containerd import running_containerd


class Peer(NamedTuple):
    """A daemon. ctr: what `ctr` prints for these words."""

    ctr: Callable[..., str]
    address: str


pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]


@pytest.fixture(scope="module", params=["containerd", "tiffind"])
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    if request.param == "containerd":
        with short_folder() as folder, running_containerd(folder) as running:
            yield Peer(running, running.address)
    else:
        with tiffind() as made:
            yield Peer(made.start().ctr, made.address)


@pytest.fixture
def ctr(peer: Peer) -> Callable[..., str]:
    return peer.ctr


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:] if line.strip()]


def test_plugins(ctr: Callable[..., str]) -> None:
    found = {f"{row[0]}.{row[1]}": row[3] for row in rows(ctr("plugins", "ls"))}
    assert set(found.values()) <= {"ok", "skip", "error"}
    for name in (
        "io.containerd.content.v1.content",
        "io.containerd.snapshotter.v1.native",
        "io.containerd.gc.v1.scheduler",
        "io.containerd.runtime.v2.task",
        *(f"io.containerd.grpc.v1.{each}" for each in (
            "containers", "content", "diff", "events", "images", "introspection", "leases", "namespaces",
            "snapshots", "tasks", "version",
        )),
    ):  # fmt: skip
        assert found[name] == "ok", name


def test_plugins_by_filter_and_in_detail(ctr: Callable[..., str]) -> None:
    assert ctr("plugins", "ls", "--quiet", "id==scheduler").split() == ["scheduler"]
    assert ctr("plugins", "ls", "--quiet", "type==io.containerd.content.v1", "id==scheduler").split() == [
        "content", "scheduler",
    ]  # fmt: skip
    text = ctr("plugins", "ls", "--detailed", "type==io.containerd.gc.v1")
    assert "PauseThreshold" in text
    assert re.search(r"ScheduleDelay +0s|ScheduleDelay +24h", text)
    assert "io.containerd.metadata.v1" in text


def test_version(ctr: Callable[..., str]) -> None:
    server = ctr("version").partition("Server:")[2]
    assert "Version:" in server
    assert "UUID:" in server


def test_sockets_are_for_owner_and_group(peer: Peer) -> None:
    for path in (peer.address, f"{peer.address}.ttrpc"):
        found = os.stat(path)
        assert stat.S_ISSOCK(found.st_mode)
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o660, 0, 0)


def test_health(peer: Peer) -> None:
    with grpc.insecure_channel(f"unix:{peer.address}") as channel:
        answer = stub(HealthStub, channel).Check(HealthCheckRequest(), timeout=20)
        assert answer.status == HealthCheckResponse.SERVING


@pytest.mark.parametrize("name", BROKEN)
def test_broken_frames(peer: Peer, name: str) -> None:
    throw(peer.address, BROKEN[name])
    assert "Server:" in peer.ctr("version")


def test_the_codes_of_calls_that_are_none(peer: Peer) -> None:
    with grpc.insecure_channel(f"unix:{peer.address}") as channel:

        def code(method: str, data: bytes = b"") -> grpc.StatusCode:
            call: Any = channel.unary_unary(f"/containerd.services.{method}")
            with pytest.raises(grpc.RpcError) as caught:
                call(data, metadata=(("containerd-namespace", "default"),), timeout=20)
            found: grpc.StatusCode = caught.value.code()
            return found

        assert code("containers.v1.Containers/None") is grpc.StatusCode.UNIMPLEMENTED
        assert code("none.v1.None/Get") is grpc.StatusCode.UNIMPLEMENTED
        assert code(
            "containers.v1.Containers/Get", b"\x0a" + bytes((0x80, 0x80, 0x80, 0x09)) + bytes(18 << 20)
        ) is (grpc.StatusCode.RESOURCE_EXHAUSTED)
