"""Figures for Prometheus, as curl gets them."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest
from packages.manager.tests.tiffind import Tiffind, tiffind

from tiffin_testing.ports import quiet_port


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{quiet_port()}"


@pytest.fixture
def daemon(address: str) -> Iterator[Tiffind]:
    gc = '[plugins."io.containerd.gc.v1.scheduler"]\nstartup_delay = "1ms"\n'
    with tiffind(f'[metrics]\naddress = "{address}"\ngrpc_histogram = true\n{gc}') as made:
        yield made.start()


def figures(address: str, path: str = "/v1/metrics") -> dict[str, float]:
    text = subprocess.run(
        ["curl", "-sSf", f"http://{address}{path}"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


CALL = 'grpc_method="{}",grpc_service="containerd.services.{}",grpc_type="{}"'


@pytest.mark.requires("ctr")
def test_calls_collections_and_containers(daemon: Tiffind, address: str) -> None:
    for _ in range(3):
        daemon.ctr("namespaces", "ls")
    assert "not found" in daemon.ctr("images", "rm", "none") + daemon.try_ctr("images", "rm", "none").stderr
    daemon.ctr("leases", "create", "--id", "short")
    daemon.ctr("leases", "delete", "--sync", "short")
    found = figures(address)
    listed = CALL.format("List", "namespaces.v1.Namespaces", "unary")
    assert found[f"grpc_server_started_total{{{listed}}}"] == 3
    code = 'grpc_code="OK",'
    assert found[f"grpc_server_handled_total{{{code}{listed}}}"] == 3
    assert found[f"grpc_server_handling_seconds_count{{{listed}}}"] == 3
    assert found['tiffind_build_info{version="0.1.0"}'] == 1
    assert found['tiffind_gc_collections_total{status="success"}'] >= 1
    took = sum(value for name, value in found.items() if name.startswith("tiffind_gc_seconds_sum"))
    assert 0 <= found["tiffind_gc_pause_seconds_sum"] <= took > 0
    assert found["process_resident_memory_bytes"] > 2**20
    deleted = CALL.format("Delete", "images.v1.Images", "unary")
    assert found[f'grpc_server_handled_total{{grpc_code="NotFound",{deleted}}}'] == 2


def test_it_can_be_scraped_by_many_and_stops(daemon: Tiffind, address: str) -> None:
    for _ in range(20):
        assert "tiffind_gc_seconds_count" in figures(address, "/metrics")
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"GET / HT")
        assert figures(address)
        assert daemon.stop() == 0


def test_an_address_in_use_is_told(daemon: Tiffind, address: str) -> None:
    with tiffind(f'[metrics]\naddress = "{address}"\n') as other:
        assert other.spawn().wait(30) == 1
        other.process = None
        assert f"metrics cannot be served on {address}: Address already in use" in other.text
