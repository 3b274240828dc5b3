"""Names of network devices are checked before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from tiffin.runtime.errors import InvalidArgument
from tiffin.runtime.netdevices.names import validate_devices

GOOD: tuple[dict[str, Any], ...] = (
    {},
    {"eth0": {}},
    {"eth0": None},
    {"eth0": {"name": ""}},
    {"eth0.10": {"name": "wan-1"}, "a": {"name": "b"}},
    {"a": {"name": "net%d"}, "b": {"name": "net%d"}},
    {"a": {"name": "b"}, "b": {"name": "a"}},
    {"fünfzehn-bytes": {}},
)
BAD: tuple[tuple[str, dict[str, Any]], ...] = (
    ("''", {"": {}}),
    ("'.'", {".": {}}),
    ("'..'", {"..": {}}),
    ("'a/b'", {"a/b": {}}),
    ("'a:1'", {"a:1": {}}),
    ("'a b'", {"a b": {}}),
    ("sixteen-letters-", {"sixteen-letters-": {}}),
    ("'eth%d'", {"eth%d": {}}),
    ("linux.netDevices.a.name", {"a": {"name": "x/y"}}),
    ("linux.netDevices.a.name", {"a": {"name": "%d%d"}}),
    ("linux.netDevices.a.name", {"a": {"name": "%dx"}}),
    ("linux.netDevices.b.name: 'c' is also the name of a", {"a": {"name": "c"}, "b": {"name": "c"}}),
    ("also the name of a", {"a": {}, "b": {"name": "a"}}),
)


@pytest.mark.parametrize("devices", GOOD)
def test_good_names_pass(devices: dict[str, Any]) -> None:
    validate_devices(devices, own_network_namespace=True)


@pytest.mark.parametrize(("text", "devices"), BAD)
def test_bad_names_are_refused(text: str, devices: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validate_devices(devices, own_network_namespace=True)
    assert text in str(caught.value)


def test_without_a_network_namespace_there_is_nowhere_to_move() -> None:
    with pytest.raises(InvalidArgument, match=r"linux\.namespaces has none"):
        validate_devices({"eth0": {}}, own_network_namespace=False)
    validate_devices({}, own_network_namespace=False)
