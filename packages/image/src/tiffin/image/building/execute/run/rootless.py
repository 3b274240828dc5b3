"""What a container cannot have in a user namespace that is not the host's own: the config without it."""

from __future__ import annotations

from tiffin.image.store.root import is_real_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def adapt(config: dict[str, Any], *, own_network: bool) -> None:
    """Changes a runtime config, unless this is real root.

    Args:
        own_network: the container has a network namespace of its own.
    """
    if is_real_root():
        return
    if _has_one_group():  # there is no other one to be in
        config["process"]["user"].pop("additionalGids", None)
    config["mounts"] = [_possible(mount, own_network=own_network) for mount in config["mounts"]]


def _possible(mount: dict[str, Any], *, own_network: bool) -> dict[str, Any]:
    if mount["type"] == "devpts":  # its group may not be mapped
        return {**mount, "options": [one for one in mount["options"] if not one.startswith("gid=")]}
    if mount["type"] == "sysfs" and not own_network:  # only who owns the network namespace may mount one
        options = ["rbind", "nosuid", "noexec", "nodev", "ro"]
        return {"destination": mount["destination"], "type": "bind", "source": "/sys", "options": options}
    return mount


def _has_one_group() -> bool:
    """Whether this user namespace knows but one group (user_namespaces(7))."""
    with open("/proc/self/gid_map") as file:
        return sum(int(line.split()[2]) for line in file) == 1
