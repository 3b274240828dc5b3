"""Readers of the two log formats, which know the formats and not our writer; and processes that fill such logs."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from packages.shim.tests.monitor.scene import Scene

from tiffin.shim.monitor import Streams

CRI = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (stdout|stderr) ([PF]) (.*)", re.DOTALL)


def cri_records(data: bytes) -> list[tuple[str, bool, bytes]]:
    """(stream, whether the line ends here, text) of each record; raises AssertionError for what is none."""
    assert data.endswith(b"\n") or not data
    found = []
    for line in data[:-1].split(b"\n") if data else []:
        match = CRI.fullmatch(line)
        assert match, line
        datetime.fromisoformat(match[1].decode())
        found.append((match[2].decode(), match[3] == b"F", match[4]))
    return found


def json_records(data: bytes) -> list[tuple[str, bool, bytes]]:
    """The same of Docker's format."""
    found = []
    for line in data.split(b"\n")[:-1]:
        record = json.loads(line)
        assert list(record) == ["log", "stream", "time"]
        datetime.fromisoformat(record["time"])
        text = record["log"].encode()
        found.append((record["stream"], text.endswith(b"\n"), text.removesuffix(b"\n")))
    return found


RECORDS = {"cri": cri_records, "json-file": json_records}


def joined(records: list[tuple[str, bool, bytes]], stream: str = "stdout") -> bytes:
    """What was written to a stream, put together again."""
    return b"".join(text + b"\n" * whole for name, whole, text in records if name == stream)


async def log_of(scene: Scene, kind: str, data: bytes, chunk: int = 1 << 20) -> bytes:
    """The log of a process that writes this in pieces."""
    name = f"p{os.urandom(4).hex()}"
    scene.file("data").write_bytes(data)
    streams = Streams(stdout=(scene.sink(name, kind),))
    await scene.run(name, f"dd if={scene.file('data')} bs={chunk} status=none", streams)
    await scene.heard.end_of(name)
    return scene.file(name).read_bytes()


async def written(path: Path, data: bytes) -> None:
    """Waits till a file holds this."""
    await until(lambda: path.exists() and path.read_bytes() == data)


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what a file says, since files tell nobody; raises TimeoutError."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0)
