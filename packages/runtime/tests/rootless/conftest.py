"""What the tests of an ordinary user share. ./test --tier rootless becomes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from packages.runtime.tests.rootless.mappings import MAPPINGS, one_id

from tiffin_testing.bundle import Bundle, merge_patch

Rootless = Callable[..., Bundle]


@pytest.fixture
def rootless_bundle(bundle_factory: Callable[..., Bundle]) -> Rootless:
    """`rootless_bundle(changes, args=...)`: a bundle that an ordinary user can run, with one id."""

    def make(changes: dict[str, Any] | None = None, **options: Any) -> Bundle:
        return bundle_factory(merge_patch(one_id(), changes or {}), rootless=True, **options)

    return make


@pytest.fixture(params=MAPPINGS)
def mapped_bundle(request: pytest.FixtureRequest, bundle_factory: Callable[..., Bundle]) -> Rootless:
    """The same with one id, and with a range of them."""
    mapping = MAPPINGS[request.param]()

    def make(changes: dict[str, Any] | None = None, **options: Any) -> Bundle:
        return bundle_factory(merge_patch(mapping, changes or {}), rootless=True, **options)

    return make
