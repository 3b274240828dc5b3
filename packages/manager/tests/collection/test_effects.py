"""Every call that is counted is one that there is, and every call that deletes is counted."""

from __future__ import annotations

from importlib import import_module

import pytest

from tiffin.api.service import Service
from tiffin.manager.collection.effects import DELETIONS, MUTATIONS

MODULES = (
    "containers.v1.containers", "content.v1.content", "diff.v1.diff", "images.v1.images", "leases.v1.leases",
    "sandbox.v1.sandbox", "snapshots.v1.snapshots", "transfer.v1.transfer",
)  # fmt: skip


@pytest.fixture(scope="module")
def methods() -> set[str]:
    found = set()
    for name in MODULES:
        module = import_module(f"tiffin.api.containerd.services.{name}_services")
        for service in (each for each in vars(module).values() if isinstance(each, Service)):
            found |= {f"/{service.name}/{method}" for method in service.methods}
    return found


def test_they_are_methods(methods: set[str]) -> None:
    assert methods >= DELETIONS | MUTATIONS
    assert not DELETIONS & MUTATIONS


def test_what_deletes_is_among_them(methods: set[str]) -> None:
    deleting = {each for each in methods if each.rpartition("/")[2].startswith(("Delete", "Remove"))}
    assert deleting == DELETIONS & deleting
