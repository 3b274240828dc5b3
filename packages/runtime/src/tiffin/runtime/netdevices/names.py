"""Which names a network device may have; checked before anything is made."""

from __future__ import annotations

from ..errors import InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WHERE = "linux.netDevices"
NAME_BYTES_MAXIMUM = 15  # IFNAMSIZ - 1
TEMPLATE = "%d"


def validate_devices(devices: dict[str, Any], *, own_network_namespace: bool) -> None:
    """Checks the section (runtime-spec 1.3, config-linux.md, Network Devices).

    Args:
        devices: the tree of linux.netDevices.
        own_network_namespace: linux.namespaces holds `network`, new or by path.

    Raises:
        InvalidArgument: a name is no name for a device, two devices get one name, or there is nowhere to move them.
    """
    if devices and not own_network_namespace:
        raise InvalidArgument(
            f"{WHERE}: the container needs a network namespace, and linux.namespaces has none"
        )
    taken: dict[str, str] = {}
    for host_name, device in devices.items():
        if not is_device_name(host_name) or TEMPLATE in host_name:
            raise InvalidArgument(f"{WHERE}: {host_name!r} is no name of a network device")
        name = (device or {}).get("name") or host_name
        if not is_device_name(name) or (TEMPLATE in name and not is_template(name)):
            raise InvalidArgument(f"{WHERE}.{host_name}.name: {name!r} is no name of a network device")
        if taken.setdefault(name, host_name) != host_name and TEMPLATE not in name:
            raise InvalidArgument(f"{WHERE}.{host_name}.name: {name!r} is also the name of {taken[name]}")


def is_device_name(name: str) -> bool:
    """What dev_valid_name() of the kernel accepts."""
    if not 0 < len(name.encode("utf-8", "surrogateescape")) <= NAME_BYTES_MAXIMUM or name in {".", ".."}:
        return False
    return not any(character in "/:\0" or character.isspace() for character in name)


def is_template(name: str) -> bool:
    """One %d, at the end: the kernel puts the first free number there."""
    return name.endswith(TEMPLATE) and "%" not in name[: -len(TEMPLATE)]
