"""A tiffind for each test, which the test starts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from packages.manager.tests.tiffind import Tiffind, tiffind


@pytest.fixture
def daemon() -> Iterator[Tiffind]:
    """Not started yet; killed at the end."""
    with tiffind() as made:
        yield made
