"""A create that fails after devices have moved: they are back, and nothing holds the namespace that they were in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from packages.runtime.tests.netdevices.conftest import Namespaces, open_descriptors

from tiffin.runtime import Runtime
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root", "ns_network", "ip", "unshare")


def held_namespaces() -> set[str]:
    """The network namespaces that this program has open."""
    return {name for name in open_descriptors() if name.startswith("net:")}


def test_the_device_is_back_and_no_descriptor_is_left(
    namespaces: Namespaces, bundle_factory: Callable[..., Bundle], tmp_path: Path
) -> None:
    namespaces.ip(namespaces.host, "link", "add", "one", "type", "veth", "peer", "name", "other")
    bundle = bundle_factory({"linux": {"netDevices": {"one": {}}}})
    before = held_namespaces()
    with Runtime(tmp_path / "state") as runtime:

        def create() -> None:
            runtime.create("late", bundle=bundle.path, pid_file=tmp_path / "absent" / "pid")

        with pytest.raises(FileNotFoundError):
            namespaces.on_host(create)
        runtime.settle()
        assert held_namespaces() == before
    assert "one" in namespaces.devices(namespaces.host)
