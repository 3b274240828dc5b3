"""Devices move as runtime-spec 1.3 says; what fails leaves the host as it was. ip(8) tells what really is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from packages.runtime.tests.netdevices.conftest import Namespaces, addresses, open_descriptors

from tiffin.runtime.errors import AlreadyExists, NotFound, OperationFailed
from tiffin.runtime.netdevices.move import MovedDevices, move_devices

pytestmark = pytest.mark.requires("root", "ns_network", "ip")
ALL = {"10.11.0.2/24", "192.0.2.7/32", "fd00::2/64", "fd00::3/128"}


@pytest.fixture(autouse=True)
def _no_descriptor_stays() -> Iterator[None]:
    before = open_descriptors()
    yield
    new = [
        name for name in open_descriptors() - before if "/proc/" in name or "socket" in name or "net:" in name
    ]
    assert not new


@pytest.fixture
def veth(namespaces: Namespaces) -> None:
    """`dev0`, up, with all sorts of addresses, a MAC and an MTU of its own; its peer `other` stays on the host."""
    for arguments in (
        "link add dev0 mtu 1411 address 02:00:00:00:11:22 type veth peer name other",
        "address add 10.11.0.2/24 broadcast 10.11.0.255 dev dev0",
        "address add 192.0.2.7/32 dev dev0",
        "address add 10.9.9.9/24 scope link dev dev0",
        "address add 10.8.8.8/24 valid_lft 600 preferred_lft 600 dev dev0",
        "-6 address add fd00::2/64 nodad dev dev0",
        "-6 address add fd00::3/128 nodad noprefixroute dev dev0",
        "link set other up",
        "link set dev0 up",
    ):
        namespaces.ip(namespaces.host, *arguments.split())


def move(namespaces: Namespaces, devices: dict[str, dict[str, str]]) -> MovedDevices:
    return namespaces.on_host(lambda: move_devices(namespaces.container, devices))


@pytest.mark.usefixtures("veth")
def test_a_device_keeps_its_attributes_and_permanent_global_addresses(namespaces: Namespaces) -> None:
    move(namespaces, {"dev0": {}}).close()
    assert set(namespaces.devices(namespaces.host)) == {"other"}
    device = namespaces.devices(namespaces.container)["dev0"]
    assert addresses(device) == ALL
    assert (device["mtu"], device["address"]) == (1411, "02:00:00:00:11:22")
    assert "UP" in device["flags"]
    (wide,) = [one for one in device["addr_info"] if one["local"] == "10.11.0.2"]
    assert wide["broadcast"] == "10.11.0.255"
    (quiet,) = [one for one in device["addr_info"] if one["local"] == "fd00::3"]
    assert quiet["noprefixroute"]


@pytest.mark.usefixtures("veth")
def test_a_device_gets_its_new_name(namespaces: Namespaces) -> None:
    move(namespaces, {"dev0": {"name": "eth0"}}).close()
    assert set(namespaces.devices(namespaces.container)) == {"eth0"}
    assert addresses(namespaces.devices(namespaces.container)["eth0"]) == ALL


@pytest.mark.usefixtures("veth")
def test_a_name_that_the_container_uses_for_another_device_does_not_hinder_a_rename(
    namespaces: Namespaces,
) -> None:
    namespaces.ip(namespaces.container, *["link", "add", "dev0", "type", "veth", "peer", "name", "far"])
    move(namespaces, {"dev0": {"name": "eth0"}}).close()
    assert set(namespaces.devices(namespaces.container)) == {"dev0", "far", "eth0"}


@pytest.mark.usefixtures("veth")
def test_a_template_takes_the_first_free_number(namespaces: Namespaces) -> None:
    namespaces.ip(namespaces.container, *["link", "add", "net0", "type", "veth", "peer", "name", "far"])
    move(namespaces, {"dev0": {"name": "net%d"}, "other": {"name": "net%d"}}).close()
    assert set(namespaces.devices(namespaces.container)) == {"net0", "far", "net1", "net2"}
    assert addresses(namespaces.devices(namespaces.container)["net1"]) == ALL


@pytest.mark.usefixtures("veth")
def test_an_index_that_is_taken_in_the_container_is_no_hindrance(namespaces: Namespaces) -> None:
    index = namespaces.devices(namespaces.host)["dev0"]["ifindex"]
    namespaces.ip(namespaces.container, *["link", "add", "near", "type", "veth", "peer", "name", "far"])
    assert index in [link["ifindex"] for link in namespaces.devices(namespaces.container).values()]
    move(namespaces, {"dev0": {}}).close()
    assert addresses(namespaces.devices(namespaces.container)["dev0"]) == ALL


@pytest.mark.usefixtures("veth")
def test_a_taken_name_is_an_error_and_the_device_stays(namespaces: Namespaces) -> None:
    before = namespaces.devices(namespaces.host)
    namespaces.ip(namespaces.container, *["link", "add", "eth0", "type", "veth", "peer", "name", "far"])
    with pytest.raises(AlreadyExists, match=r"linux\.netDevices\.dev0: .*'eth0'"):
        move(namespaces, {"dev0": {"name": "eth0"}})
    assert namespaces.devices(namespaces.host) == before


@pytest.mark.usefixtures("veth")
def test_when_the_second_fails_the_first_comes_back(namespaces: Namespaces) -> None:
    before = namespaces.devices(namespaces.host)
    with pytest.raises(NotFound, match=r"linux\.netDevices\.missing"):
        move(namespaces, {"dev0": {"name": "eth0"}, "missing": {}})
    after = namespaces.devices(namespaces.host)
    assert set(after) == set(before)
    assert addresses(after["dev0"]) == ALL
    assert "UP" in after["dev0"]["flags"]
    assert namespaces.devices(namespaces.container) == {}


@pytest.mark.usefixtures("veth")
def test_put_back_undoes_a_move_even_when_init_is_gone(namespaces: Namespaces) -> None:
    from packages.runtime.tests.netdevices.conftest import holder

    with holder() as init:
        moved = namespaces.on_host(lambda: move_devices(init, {"dev0": {"name": "eth0"}}))
    namespaces.on_host(moved.put_back)
    moved.close()
    device = namespaces.devices(namespaces.host)["dev0"]
    assert addresses(device) == ALL
    assert "UP" in device["flags"]


def test_a_device_that_was_down_comes_back_down(namespaces: Namespaces) -> None:
    namespaces.ip(namespaces.host, *["link", "add", "dev0", "type", "veth", "peer", "name", "other"])
    moved = move(namespaces, {"dev0": {}})
    assert "UP" in namespaces.devices(namespaces.container)["dev0"]["flags"]
    namespaces.on_host(moved.put_back)
    moved.close()
    assert "UP" not in namespaces.devices(namespaces.host)["dev0"]["flags"]


def test_loopback_cannot_move(namespaces: Namespaces) -> None:
    namespaces.ip(namespaces.host, *["link", "set", "lo", "up"])
    with pytest.raises(OperationFailed, match="cannot leave its network namespace") as caught:
        move(namespaces, {"lo": {"name": "eth0"}})
    (loopback,) = namespaces.ip(namespaces.host, *["address", "show", "dev", "lo"])
    assert "UP" in loopback["flags"]
    assert caught.value.where == "linux.netDevices.lo"


def test_a_process_that_is_gone_is_no_traceback(namespaces: Namespaces) -> None:
    with pytest.raises(NotFound, match="process 4194305"):
        namespaces.on_host(lambda: move_devices(4194305, {"lo": {}}))
