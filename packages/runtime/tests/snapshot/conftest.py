"""Installations: one that a test may change, and one for each interpreter that it only uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.runtime.build_native import build_program
from packages.runtime.tests.snapshot.installation import Installation, interpreters
from packages.runtime.tests.snapshot.probe import install_probe

SOURCES = Path(__file__).parents[2] / "front"


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The front as a wheel has it."""
    folder = tmp_path_factory.mktemp("front")
    build_program(SOURCES, folder / "tiffin-runtime", folder / "objects")
    return folder / "tiffin-runtime"


@pytest.fixture
def installation(front: Path, tmp_path: Path) -> Iterator[Installation]:
    """A new one, which has no image yet."""
    made = Installation.make(tmp_path / "prefix", front, interpreters()[0])
    yield made
    made.remove()


@pytest.fixture(
    scope="module", params=interpreters(), ids=lambda path: str(path).strip("/").replace("/", "-")
)
def each(
    request: pytest.FixtureRequest, front: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """One of each interpreter, with an image, for tests that change nothing of it."""
    made = Installation.make(tmp_path_factory.mktemp("each") / "prefix", front, request.param)
    install_probe(made)
    made.ready()
    yield made
    made.remove()
