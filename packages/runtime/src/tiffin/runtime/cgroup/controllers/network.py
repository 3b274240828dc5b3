"""net_cls: the class of packets for tc; net_prio: their priority for each interface. cgroup v1 only.

The config has both under one key, `network` (cgroup-v1/net_cls.rst, net_prio.rst).
"""

from __future__ import annotations

from . import setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...plan.operation import Operation


def v1_class(directory: str, network: Mapping[str, Any]) -> list[Operation]:
    """net_cls.classid."""
    if not network.get("classID"):
        return []
    return [setting(directory, "net_cls.classid", network["classID"], "network.classID")]


def v1_priorities(directory: str, network: Mapping[str, Any]) -> list[Operation]:
    """net_prio.ifpriomap, one write for each interface."""
    return [
        setting(
            directory,
            "net_prio.ifpriomap",
            f"{entry['name']} {entry['priority']}",
            f"network.priorities[{index}]",
        )
        for index, entry in enumerate(network.get("priorities") or ())
    ]
