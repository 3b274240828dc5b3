"""Trees deeper than PATH_MAX, and deeper than there may be open files."""

from __future__ import annotations

import io
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tiffin.image.layers.diff.change import Kind
from tiffin.image.layers.diff.walk import tree_changes
from tiffin.image.layers.removal import remove
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source

DEPTH = 600
NAME = b"a-name-of-a-folder"


def make_deep(folder: Path, content: bytes) -> None:
    directory = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir(NAME, dir_fd=directory)
        below = os.open(NAME, os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    file = os.open(b"file", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=directory)
    os.write(file, content)
    os.utime(file, (1, 1))
    os.close(file)
    os.close(directory)


@pytest.fixture
def trees(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two deep trees; what tests of few open files leave is removed step by step."""
    pair = tmp_path / "lower", tmp_path / "upper"
    for folder, content in zip(pair, (b"1", b"2"), strict=True):
        folder.mkdir()
        make_deep(folder, content)
    yield pair
    above = os.open(tmp_path, os.O_RDONLY)
    for name in (b"lower", b"upper"):
        remove(above, name)
    os.close(above)


@pytest.fixture
def few_files() -> Iterator[None]:
    """At most 64 open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_change_at_the_bottom_is_found_and_written(
    trees: tuple[Path, Path], few_files: None, write: Callable[..., bytes]
) -> None:
    changes = list(tree_changes(*map(str, trees)))
    assert [change.kind for change in changes] == [Kind.MODIFIED] * (DEPTH + 1)
    entries = list(TarReader(Source(io.BytesIO(write(changes)))).entries())
    assert entries[-1].name == (NAME + b"/") * DEPTH + b"file"
    assert entries[-1].size == 1
