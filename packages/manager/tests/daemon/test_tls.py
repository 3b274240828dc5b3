"""TCP: with TLS, and only for clients whose certificate the right authority has signed."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from packages.manager.tests.daemon.certificates import Authority
from packages.manager.tests.daemon.test_reload import reload
from packages.manager.tests.tiffind import Tiffind, stub

from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub
from tiffin_testing.ports import quiet_port

pytestmark = pytest.mark.requires("ctr")


@pytest.fixture
def port() -> int:
    return quiet_port()


@pytest.fixture
def authority(daemon: Tiffind) -> Authority:
    return Authority(daemon.folder, "ca")


@pytest.fixture
def serving(daemon: Tiffind, authority: Authority, port: int) -> str:
    """The address of a daemon that serves TCP."""
    certificate, key = authority.sign("server")
    daemon.write(
        f'[grpc]\ntcp_address = "127.0.0.1:{port}"\ntcp_tls_ca = "{authority.certificate}"\n'
        f'tcp_tls_cert = "{certificate}"\ntcp_tls_key = "{key}"\n'
    )
    daemon.start()
    return f"127.0.0.1:{port}"


def ask(address: str, authority: Authority, pair: tuple[Path, Path] | None) -> str:
    """The version, or the code of the error. pair: certificate and key of the client."""
    certificate, key = (path.read_bytes() for path in pair) if pair else (None, None)
    trusted = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), key, certificate)
    with grpc.secure_channel(address, trusted) as channel:
        return answer(channel)


def answer(channel: grpc.Channel) -> str:
    try:
        return str(stub(VersionStub, channel).Version(Empty(), timeout=10).version)
    except grpc.RpcError as error:
        return str(error.code())


REFUSED = "StatusCode.UNAVAILABLE"


def test_with_the_right_certificate(serving: str, authority: Authority, daemon: Tiffind) -> None:
    assert ask(serving, authority, authority.sign("client")) == "0.1.0"
    assert "Server:" in daemon.ctr("version")


def test_without_one(serving: str, authority: Authority) -> None:
    assert ask(serving, authority, None) == REFUSED


def test_with_one_that_another_has_signed(serving: str, authority: Authority, tmp_path: Path) -> None:
    assert ask(serving, authority, Authority(tmp_path, "ca").sign("client")) == REFUSED


def test_without_tls(serving: str) -> None:
    with grpc.insecure_channel(serving) as channel:
        assert answer(channel) == REFUSED


def test_what_is_no_handshake_does_no_harm(serving: str, authority: Authority) -> None:
    host, _, port = serving.partition(":")
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(1000), b"", b"\x00" * 70000):
        with socket.create_connection((host, int(port)), 10) as client:
            client.sendall(data)
    assert ask(serving, authority, authority.sign("client")) == "0.1.0"


def test_new_files_are_taken_at_a_reload(
    serving: str, authority: Authority, daemon: Tiffind, tmp_path: Path
) -> None:
    old = authority.sign("client")
    other = Authority(tmp_path, "ca")
    certificate, key = other.sign("server")
    for name, path in (("server.pem", certificate), ("server.key", key), ("ca.pem", other.certificate)):
        shutil.copy(path, daemon.folder / name)
    reload(daemon)
    assert ask(serving, other, other.sign("client")) == "0.1.0"
    assert ask(serving, other, old) == REFUSED


def test_files_that_are_none_stop_the_start_and_change_nothing_later(
    serving: str, authority: Authority, daemon: Tiffind
) -> None:
    client = authority.sign("client")
    (daemon.folder / "server.pem").write_text("no certificate")
    assert f'error="{daemon.folder}/server.pem: is not PEM"' in reload(daemon)
    assert ask(serving, authority, client) == "0.1.0"
    daemon.stop()
    assert daemon.spawn().wait(30) == 1
    daemon.process = None
    assert f"tiffind: {daemon.folder}/server.pem: is not PEM" in daemon.text
