"""Parts of a config: which ids a user namespace of an ordinary user has."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

Config = dict[str, Any]


def one_id() -> Config:
    """The caller is root, and there is nobody else."""
    return {
        "linux": {
            "uidMappings": [{"containerID": 0, "hostID": os.geteuid(), "size": 1}],
            "gidMappings": [{"containerID": 0, "hostID": os.getegid(), "size": 1}],
        }
    }


def id_range() -> Config:
    """The caller is root, the subordinate ids are the others."""
    return {
        "linux": {
            "uidMappings": _with_subordinates(os.geteuid(), Path("/etc/subuid")),
            "gidMappings": _with_subordinates(os.getegid(), Path("/etc/subgid")),
        }
    }


def _with_subordinates(own: int, table: Path) -> list[dict[str, int]]:
    name = pwd.getpwuid(os.geteuid()).pw_name
    rows = (line.split(":") for line in table.read_text().splitlines())
    first, count = next((int(row[1]), int(row[2])) for row in rows if row[0] == name)
    return [
        {"containerID": 0, "hostID": own, "size": 1},
        {"containerID": 1, "hostID": first, "size": count},
    ]


MAPPINGS = {"one_id": one_id, "id_range": id_range}
