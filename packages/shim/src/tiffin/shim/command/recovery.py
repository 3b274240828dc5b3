"""Which containers a shim takes back when it is started again after a kill: those whose bundles name its socket.

Each bundle has the address of its shim in the file `address` (written by `start`), or in bootstrap.json (written by
containerd 2.x, also for containers of a sandbox, for which no `start` is run).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tiffin.spec.json_tree import JSONError, decode

from ..tasks.records import FOLDER

if TYPE_CHECKING:
    from .serve import ShimSettings

ADDRESS, BOOTSTRAP = "address", "bootstrap.json"
MOST = 64 << 10  # bytes of such a file


def bundles_of(settings: ShimSettings) -> list[str]:
    """The bundles of a shim, its own first, that have something to take back.

    They are only looked for where a shim has left its socket, or its folder: there may be thousands of bundles.
    """
    if not settings.recovers:
        return []
    parent = os.path.dirname(os.path.abspath(settings.bundle))
    own = os.path.basename(os.path.abspath(settings.bundle))
    try:
        names = os.listdir(parent)
    except OSError:  # a bundle that stands in nobody's folder has no siblings
        names = []
    ordered = [own, *sorted(name for name in names if name != own)]
    return [
        path
        for name in ordered
        if os.path.isdir(f"{(path := f'{parent}/{name}')}/{FOLDER}")
        and (name == own or settings.socket in _sockets_named_in(path))
    ]


def _sockets_named_in(bundle: str) -> set[str]:
    found = set()
    for file in (ADDRESS, BOOTSTRAP):
        try:
            with open(f"{bundle}/{file}", "rb") as stream:
                found.add(_address_in(stream.read(MOST)).removeprefix("unix://"))
        except OSError:  # it is not there, or it goes at this moment
            continue
    return found - {""}


def _address_in(data: bytes) -> str:
    """An address as it is, or as JSON has it."""
    try:
        tree = decode(data)
    except JSONError:
        return data.decode("utf-8", "replace").strip()
    address = tree.get("address") if isinstance(tree, dict) else None
    return address if isinstance(address, str) else ""
