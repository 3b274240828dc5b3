"""What the tests of the Python API share: a `Runtime` that must leave nothing in its root, nor a descriptor open."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tiffin.runtime import Runtime
from tiffin_testing.bundle import Bundle

Make = Callable[..., Bundle]


def open_descriptors() -> set[str]:
    """The numbers of this program's open descriptors, without the one that lists them."""
    return {name for name in os.listdir("/proc/self/fd") if Path(f"/proc/self/fd/{name}").exists()}


@pytest.fixture
def runtime(tmp_path: Path, nothing_left: None) -> Iterator[Runtime]:
    """A `Runtime` with a root of its own."""
    before = open_descriptors()
    with Runtime(tmp_path / "root") as made:
        yield made
        left = [container.id for container in made.containers()]
        for name in left:
            made.container(name).delete(force=True)
    assert not left
    assert open_descriptors() <= before


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]
