"""A bundle, and a short folder for sockets."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def folder() -> Iterator[Path]:
    """Sockets' paths have at most 107 bytes, and a shim's name takes 64 of them."""
    path = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def make_bundle(folder: Path) -> Iterator[Callable[..., Path]]:
    """`make_bundle("one", {annotations})`: as containerd makes them, with a FIFO for logs that it reads."""
    logs: list[int] = []

    def make(name: str, annotations: dict[str, str] | None = None) -> Path:
        bundle = folder / "n" / name
        bundle.mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps({"annotations": annotations or {}}))
        os.mkfifo(bundle / "log")
        logs.append(os.open(bundle / "log", os.O_RDONLY | os.O_NONBLOCK))
        return bundle

    yield make
    for descriptor in logs:
        os.close(descriptor)
