"""`Activation`: mounts that belong together under a name; the record of it is JSON on disk, beside the mount points."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from tiffin.runtime.record import Record
from tiffin.shim.events.values import Mount

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "activation.json"


class ActiveMount(Record):
    """One that was made. point: where. at: when, nanoseconds since 1970."""

    mount: Mount
    point: str
    at: int


class Activation(Record):
    """Mounts of one name.

    active: those that were made, in order. system: those left for the client. complete: all of it is done.
    lease: under which they were made, "" for none.
    """

    name: str
    active: tuple[ActiveMount, ...] = ()
    system: tuple[Mount, ...] = ()
    labels: Mapping[str, str] = {}
    complete: bool = False
    lease: str = ""


def write(folder: str, activation: Activation) -> None:
    """Writes the record, all or nothing."""
    tree = {
        "name": activation.name,
        "active": [
            {"mount": _tree(each.mount), "point": each.point, "at": each.at} for each in activation.active
        ],
        "system": [_tree(each) for each in activation.system],
        "labels": dict(activation.labels),
        "complete": activation.complete,
        "lease": activation.lease,
    }
    path = os.path.join(folder, FILE)
    with open(f"{path}.tmp", "w", encoding="utf-8") as file:
        json.dump(tree, file)
    os.replace(f"{path}.tmp", path)


def read(folder: str) -> Activation | None:
    """The record; None for none."""
    try:
        with open(os.path.join(folder, FILE), encoding="utf-8") as file:
            tree = json.load(file)
    except FileNotFoundError:
        return None
    return Activation(
        tree["name"],
        tuple(ActiveMount(_mount(each["mount"]), each["point"], each["at"]) for each in tree["active"]),
        tuple(map(_mount, tree["system"])),
        tree["labels"],
        tree["complete"],
        tree.get("lease", ""),  # a manager of before has written none
    )


def _tree(mount: Mount) -> dict[str, Any]:
    return {
        "type": mount.type,
        "source": mount.source,
        "target": mount.target,
        "options": list(mount.options),
    }


def _mount(tree: dict[str, Any]) -> Mount:
    return Mount(tree["type"], tree["source"], tree["target"], tuple(tree["options"]))
