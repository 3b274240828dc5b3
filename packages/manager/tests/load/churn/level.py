"""`Level`: what a tiffind holds at a moment: memory, descriptors, objects, children, and files in its folders."""

from __future__ import annotations

import os
import socket
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

KILO = 1024


class Level(NamedTuple):
    """memory: anonymous pages, bytes. objects: that Python's collector knows. files: below its folders."""

    memory: int
    descriptors: int
    objects: int
    children: int
    files: frozenset[str]


def level_of(pid: int, debug: str, folder: Path) -> Level:
    """After a collection of what Python can collect. debug: path of its debug socket. folder: of root and state."""
    objects = _objects(debug)
    process = Path("/proc", str(pid))
    return Level(
        memory=_memory(process),
        descriptors=len(os.listdir(process / "fd")),
        objects=objects,
        children=sum(len(task.read_text().split()) for task in process.glob("task/*/children")),
        files=frozenset(str(path) for part in ("root", "state") for path in (folder / part).rglob("*")),
    )


def _memory(process: Path) -> int:
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) * KILO


def _objects(address: str) -> int:
    connection = HTTPConnection("tiffind")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(address)
    try:
        connection.request("GET", "/debug/objects")
        return int(connection.getresponse().read().split()[0])
    finally:
        connection.close()
